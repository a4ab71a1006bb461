"""Field values of NVLink, of the link to the CPU and of PCIe."""

import time

from fake_nvml.abi.codes import Code
from fake_nvml.calls import clocks, memory_errors, nvlink
from fake_nvml.calls.field_table import ULL, family, field
from fake_nvml.calls.registry import check
from fake_nvml.model import Gpu

BLACKWELL = 10
ALL_LINKS = 0xFFFFFFFF


def by_link(low: int, total: int | None, high: int) -> dict[int, int]:
    """Field -> link: links 0 to 5 begin at LOW, links 6 to 11 at HIGH; their TOTAL is link -1."""
    links = {low + link: link for link in range(6)} | {high + link: 6 + link for link in range(6)}
    return links if total is None else {**links, total: -1}


def _errors(kind: str, low: int, total: int, high: int) -> dict[int, tuple[str, int]]:
    return {number: (kind, link) for number, link in by_link(low, total, high).items()}


@family(
    _errors("crc_flit", 32, 38, 96)
    | _errors("crc_data", 39, 45, 102)
    | _errors("replay", 46, 52, 108)
    | _errors("recovery", 53, 59, 114)
    | _errors("ecc_data", 148, 160, 154),
    kind=ULL,
)
def link_errors(gpu: Gpu, _scope: int, which: tuple[str, int]) -> int:
    kind, link = which
    links = nvlink.links(gpu.node) if link < 0 else (link,)
    return sum(nvlink.nvlink(gpu, each) is not None and nvlink.errors(gpu, each, kind) for each in links)


@family(by_link(60, 66, 120) | by_link(67, 73, 126), kind=ULL)
def link_traffic(gpu: Gpu, _scope: int, which: int) -> int:
    """KiB, by both counters."""
    links = nvlink.links(gpu.node) if which < 0 else (which,)
    return sum(nvlink.traffic_kib(gpu, link) for link in links)


@family(by_link(84, None, 132))
def speed_of_link(gpu: Gpu, _scope: int, which: int) -> int:
    return nvlink.speed_mb_s(gpu, which)


@field(90)
def common_speed(gpu: Gpu, _scope: int) -> int:
    return nvlink.speed_mb_s(gpu, 0)


@field(91)
def link_count(gpu: Gpu, _scope: int) -> int:
    return len(nvlink.links(gpu.node))


@field(138, 139, 140, 141, kind=ULL)
def throughput(gpu: Gpu, scope: int) -> int:
    """KiB of one link, or of every link if the scope is all ones."""
    links = nvlink.links(gpu.node) if scope == ALL_LINKS else (scope,)
    return sum(nvlink.traffic_kib(gpu, link) for link in links)


@family({201: 4, 202: 1024, 203: 4, 204: 1024}, kind=ULL)
def sent_and_received(gpu: Gpu, scope: int, which: int) -> int:
    """Packets of 256 bytes, and bytes."""
    return nvlink.traffic_kib(gpu, scope) * which


@field(146)
def remote_link(gpu: Gpu, scope: int) -> int:
    """The port of the switch: GPUs take consecutive ones."""
    nvlink.nvlink(gpu, scope)
    return gpu.index * 2 + scope % 2


@field(147)
def switched_links(gpu: Gpu, _scope: int) -> int:
    return len(nvlink.links(gpu.node)) if gpu.node.machine.switches else 0


@family({161: "replay", 162: "recovery", 163: "crc_flit"}, kind=ULL)
def scoped_errors(gpu: Gpu, scope: int, which: str) -> int:
    nvlink.nvlink(gpu, scope)
    return nvlink.errors(gpu, scope, which)


@field(164, 296)
def link_speed(gpu: Gpu, scope: int) -> int:
    return nvlink.speed_mb_s(gpu, scope)


@field(165)
def link_state(gpu: Gpu, scope: int) -> int:
    return int(nvlink.link_state(gpu, scope))


@field(166)
def link_version(gpu: Gpu, scope: int) -> int:
    return nvlink.nvlink(gpu, scope).version


@field(167)
def link_power_state(gpu: Gpu, scope: int) -> int:
    """0 high speed, 1 low power: idle links sleep."""
    nvlink.nvlink(gpu, scope)
    return int(not clocks.busy(gpu))


@field(168)
def link_threshold(gpu: Gpu, _scope: int) -> int:
    nvlink.nvlink(gpu)
    return gpu.setting("nvlink_low_power", 1000)


@family({200: 8191, 223: 1, 224: 0, 225: 1})
def threshold_limits(gpu: Gpu, _scope: int, which: int) -> int:
    """Most, least, unit (100 us) and whether there is such a threshold."""
    nvlink.nvlink(gpu)
    return which


@family(
    {
        205: "vl15_dropped", 206: "malformed", 207: "overrun", 208: "receive", 209: "remote", 210: "general",
        211: "integrity", 212: "discards", 213: "recovered", 214: "recovery_failed", 215: "recovery", 219: "effective",
        221: "symbol", 289: "raw_lane0", 290: "raw_lane1", 294: "plr_blocks", 295: "plr_retry",
    },
    kind=ULL,
)  # fmt: skip
def blackwell_counters(gpu: Gpu, scope: int, which: str) -> int:
    _blackwell(gpu, scope)
    return nvlink.errors(gpu, scope, which)


def _blackwell(gpu: Gpu, scope: int) -> None:
    nvlink.nvlink(gpu, scope)
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)


@field(216, 217, 218, 220, 222, 291, 292, 293, kind=ULL)
def bit_error_rate(gpu: Gpu, scope: int) -> int:
    """Mantissa above the lowest byte, exponent in it: 15e-14 on a healthy link, e-8 once symbols were wrong."""
    _blackwell(gpu, scope)
    return 15 << 8 | (8 if nvlink.errors(gpu, scope, "symbol") else 14)


@family({235 + bucket: bucket for bucket in range(16)}, kind=ULL)
def corrected_blocks(gpu: Gpu, scope: int, which: int) -> int:
    """Blocks by the number of symbols that had to be corrected."""
    _blackwell(gpu, scope)
    return nvlink.traffic_kib(gpu, scope) * 4 if which == 0 else nvlink.errors(gpu, scope, f"fec_{which}")


def coherent(gpu: Gpu) -> bool:
    """Whether there is a chip-to-chip link to the CPU."""
    return gpu.board.nvlink is not None and gpu.board.nvlink.c2c


@field(170)
def c2c_links(gpu: Gpu, _scope: int) -> int:
    return 10 if coherent(gpu) else 0


@family({171: 1, 172: 44712, 231: 0, 232: 0, 233: 0, 234: 0})
def c2c(gpu: Gpu, _scope: int, which: int) -> int:
    """Status, MB/s of a link, and counters of errors, which stay zero."""
    check(coherent(gpu), Code.NOT_SUPPORTED)
    return which


@field(94)
def replays(gpu: Gpu, _scope: int) -> int:
    return int(memory_errors.replays(gpu))


@family(
    {
        95: "replay_rollover", 169: "l0_to_recovery", 173: "correctable", 174: "naks_received", 175: "receiver",
        176: "bad_tlp", 177: "naks_sent", 178: "bad_dllp", 179: "non_fatal", 180: "fatal", 181: "unsupported_request",
        182: "lcrc", 183: "lane",
    }
)  # fmt: skip
def pcie_errors(gpu: Gpu, _scope: int, which: str) -> int:
    return gpu.state.errors.get(f"pcie/{which}", 0)


@field(197, 198)
def pcie_bytes(gpu: Gpu, _scope: int) -> int:
    return int((time.time() - gpu.node.started_s) * gpu.reading("pcie_kib_s", 0) * 1024) & 0xFFFFFFFF


ALL_ATOMICS = 0x3F
"""Fetch-and-add, swap and compare-and-swap, each with 32 and 64 bits (NVML_PCIE_ATOMICS_CAP_*)."""


@field(228)
def outbound_atomics(gpu: Gpu, _scope: int) -> int:
    """PCIe atomics that the board may send: Blackwell on PCIe; coherent boards use C2C (captures of B200, GB200)."""
    check(gpu.board.compute.architecture >= BLACKWELL and not coherent(gpu), Code.NOT_SUPPORTED)
    return ALL_ATOMICS


@field(229)
def inbound_atomics(gpu: Gpu, _scope: int) -> int:
    """PCIe atomics that the board serves: since Blackwell (captures of H100, B200, GB200)."""
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)
    return ALL_ATOMICS
