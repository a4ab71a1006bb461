"""Errors of memories and buses: ECC counters, row remapping, page retirement, SRAM, PCIe replays, repair.

A counter lives in ``state.errors`` under "volatile/corrected/dram": volatile or aggregate, corrected or uncorrected,
and where. ``fake-nvml ctl ecc`` raises them as the hardware would: both lifetimes at once. Boards since Ampere remap
rows, older ones retire pages.
"""

from typing import TYPE_CHECKING

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.model import Gpu, MigDevice

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


LIFETIMES = ("volatile", "aggregate")
KINDS = ("corrected", "uncorrected")
PLACES = ("l1", "l2", "dram", "register", "texture", "shared", "cbu", "sram")
"""NVML_MEMORY_LOCATION_* in their order."""
DRAM, SRAM = 2, 7

RUBIN = 13
RUBIN_GROUPS = 252
"""Groups of spare banks (capture of driver 615.23); the 32 of Blackwell are assumed."""


def count(gpu: Gpu, lifetime: int, kind: int, place: str) -> int:
    """One counter."""
    return gpu.state.errors.get(f"{LIFETIMES[lifetime]}/{KINDS[kind]}/{place}", 0)


def total(gpu: Gpu, lifetime: int, kind: int) -> int:
    """All places together; ``sram`` sums the caches already where it is used, so they are never raised both."""
    return sum(count(gpu, lifetime, kind, place) for place in PLACES)


def _ecc(gpu: Gpu) -> None:
    check(gpu.state.ecc, Code.NOT_SUPPORTED)


@getter("nvmlDeviceGetTotalEccErrors", over=(range(2), range(2)))
def total_ecc_errors(gpu: Gpu, kind: int, lifetime: int) -> int:
    check(kind < 2 and lifetime < 2)
    _ecc(gpu)
    return total(gpu, lifetime, kind)


@getter("nvmlDeviceGetDetailedEccErrors", over=(range(2), range(2)))
def detailed_ecc_errors(gpu: Gpu, kind: int, lifetime: int) -> "nv.EccErrorCounts":
    check(kind < 2 and lifetime < 2)
    _ecc(gpu)
    return {
        "l1Cache": count(gpu, lifetime, kind, "l1"),
        "l2Cache": count(gpu, lifetime, kind, "l2"),
        "deviceMemory": count(gpu, lifetime, kind, "dram"),
        "registerFile": count(gpu, lifetime, kind, "register"),
    }


@getter("nvmlDeviceGetMemoryErrorCounter", over=(range(2), range(2), range(len(PLACES))))
def memory_errors(gpu: Gpu, kind: int, lifetime: int, place: int) -> int:
    """Turing and later count by DRAM and SRAM only; caches and registers are N/A there."""
    check(kind < 2 and lifetime < 2 and place < len(PLACES))
    _ecc(gpu)
    check(place in (DRAM, SRAM), Code.NOT_SUPPORTED)
    return count(gpu, lifetime, kind, PLACES[place])


@getter("nvmlDeviceGetMemoryErrorCounter", subject=Subject.MIG_DEVICE, over=(range(2), (0,), (SRAM,)))
def mig_errors(device: MigDevice, kind: int, lifetime: int, place: int) -> int:
    """A MIG device has volatile counters of its SRAM; errors are not attributed to instances here."""
    check(kind < 2 and lifetime < 2 and place < len(PLACES))
    check(lifetime == 0 and place == SRAM, Code.NOT_SUPPORTED)
    return int(memory_errors(device.gpu, kind, lifetime, place))


@action("nvmlDeviceClearEccErrorCounts")
def clear_ecc(_caller: Caller, gpu: Gpu, lifetime: int) -> None:
    check(lifetime < 2)
    _ecc(gpu)
    kept = {name: n for name, n in gpu.state.errors.items() if not name.startswith(LIFETIMES[lifetime])}
    gpu.change(errors=kept)


@getter("nvmlDeviceGetSramEccErrorStatus")
def sram_status(gpu: Gpu) -> "nv.EccSramErrorStatusV1":
    """Since Ampere (captures of A100 570.148.08, L40S 595.91.07)."""
    check(gpu.board.compute.architecture >= 7, Code.NOT_SUPPORTED)
    _ecc(gpu)
    uncorrected = count(gpu, 1, 1, "sram")
    return {
        "aggregateUncSecDed": uncorrected,
        "aggregateCor": count(gpu, 1, 0, "sram"),
        "volatileUncSecDed": count(gpu, 0, 1, "sram"),
        "volatileCor": count(gpu, 0, 0, "sram"),
        "aggregateUncBucketL2": uncorrected,
        "bThresholdExceeded": int(uncorrected >= 4),
    }


@getter("nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts")
def sram_unique(gpu: Gpu) -> "nv.EccSramUniqueUncorrectedErrorCountsV1":
    check(gpu.board.compute.architecture >= 9, Code.NOT_SUPPORTED)
    errors = count(gpu, 1, 1, "sram")
    return {"entries": [{"unit": 1, "location": 0, "address": 0x40, "count": errors}] if errors else []}


def _remapper(gpu: Gpu) -> int:
    check(gpu.board.compute.architecture >= 7, Code.NOT_SUPPORTED)
    return gpu.board.memory.remap_banks or 0


@getter("nvmlDeviceGetRemappedRows")
def remapped_rows(gpu: Gpu) -> tuple[int, int, int, int]:
    """Not in MIG mode (nvml.h); the histogram is answered there (captures of H100 and H200 on 590.48.01)."""
    _remapper(gpu)
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    remaps = gpu.state.remaps
    return remaps.correctable, remaps.uncorrectable, int(remaps.pending), int(remaps.failed)


@getter("nvmlDeviceGetRemappedRows_v2")
def remapped_rows_v2(gpu: Gpu) -> "nv.RemappedRowsInfoV2":
    """Rows that wait for a reset are inactive."""
    correctable, uncorrectable, pending, failed = remapped_rows(gpu)
    waiting = min(1, uncorrectable) if pending else 0
    return {
        "corrActiveRemaps": correctable,
        "uncActiveRemaps": uncorrectable - waiting,
        "uncInactiveRemaps": waiting,
        "bPending": pending,
        "bFailureOccurred": failed,
    }


@getter("nvmlDeviceGetRowRemapperHistogram")
def row_histogram(gpu: Gpu) -> "nv.RowRemapperHistogramValues":
    """Banks by how much of their spare rows is left; each remap takes from another bank."""
    banks = _remapper(gpu)
    check(gpu.board.memory.remap_banks is not None, Code.NOT_SUPPORTED)
    used = min(banks, gpu.state.remaps.correctable + gpu.state.remaps.uncorrectable)
    return {"max": banks - used, "high": used, "partial": 0, "low": 0, "none": 0}


@getter("nvmlDeviceGetBankRemapperStatus_v1")
def bank_remapper(gpu: Gpu) -> "nv.EccBankRemapperStatusV1":
    """Whole banks can be replaced since Blackwell; one spare in each of the groups."""
    check(gpu.board.compute.architecture >= 10 and gpu.board.memory.remap_banks, Code.NOT_SUPPORTED)
    groups = RUBIN_GROUPS if gpu.board.compute.architecture >= RUBIN else 32
    failed = int(gpu.state.remaps.failed)
    return {"activeRemappings": failed, "maxSpareGroupCount": groups - failed, "noSpareGroupCount": failed}


@getter("nvmlDeviceGetRepairStatus")
def repair(gpu: Gpu) -> "nv.RepairStatusV1":
    """Since Ampere (captures of H100 580.105.08, L40S 595.91.07)."""
    check(gpu.board.compute.architecture >= 7, Code.NOT_SUPPORTED)
    return {"bChannelRepairPending": int(gpu.state.remaps.pending), "bTpcRepairPending": 0}


@getter("nvmlDeviceGetUnrepairableMemoryFlag_v1")
def unrepairable(gpu: Gpu) -> "nv.UnrepairableMemoryStatusV1":
    """Since Hopper (captures of H100 and H200 on 590.48.01; L40S has none)."""
    check(gpu.board.compute.architecture >= 9, Code.NOT_SUPPORTED)
    return {"bUnrepairableMemory": int(gpu.state.remaps.failed)}


def _retires(gpu: Gpu) -> None:
    check(gpu.board.compute.architecture < 7, Code.NOT_SUPPORTED)


@getter("nvmlDeviceGetRetiredPages", over=(range(2),))
def retired_pages(gpu: Gpu, cause: int) -> list[int]:
    """0 after several single-bit errors, 1 after a double-bit error."""
    check(cause < 2)
    _retires(gpu)
    return [address for why, address, _ in gpu.state.retired if why == cause]


@getter("nvmlDeviceGetRetiredPages_v2", over=(range(2),))
def retired_pages_v2(gpu: Gpu, cause: int) -> tuple[list[int], list[int]]:
    found = retired_pages(gpu, cause)
    return found, [when for why, _, when in gpu.state.retired if why == cause]


@getter("nvmlDeviceGetRetiredPagesPendingStatus")
def retirement_pending(gpu: Gpu) -> int:
    _retires(gpu)
    return int(gpu.state.remaps.pending)


@getter("nvmlDeviceGetPcieReplayCounter")
def replays(gpu: Gpu) -> int:
    return gpu.state.errors.get("pcie/replay", 0)


@getter("nvmlDeviceGetPcieThroughput", over=(range(2),))
def pcie_throughput(gpu: Gpu, counter: int) -> int:
    """KiB/s: 0 sent, 1 received."""
    check(counter < 2)
    return gpu.reading("pcie_kib_s", 0)
