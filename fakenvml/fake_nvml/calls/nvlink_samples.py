"""Samples of NVLink traffic that the driver keeps, new with NVML 13.4, on Rubin and later (nvml.h).

The header says how often they are taken and what they count; that 32 are kept and that the oldest comes first is assumed. It
wants a poll every two seconds, which needs 20. The call is written by hand in ``shim/telemetry.c``: it asks here for one link
and kind at a time.
"""

import struct
import time

from fake_nvml.abi.codes import Code
from fake_nvml.calls import nvlink
from fake_nvml.calls.registry import check, getter
from fake_nvml.model import Gpu

RUBIN = 13
EVERY_S = 0.1
KEPT = 32
KINDS = 2
"""NVML_NVLINK_TELEMETRY_SAMPLE_TYPE_*: sent and received."""
FLITS_IN_KIB = 64
"""A flit has 16 bytes."""


@getter("nvmlDeviceGetNvLinkTelemetrySamples_v1", live=True)
def link_samples(gpu: Gpu, link: int, kind: int, room: int) -> tuple[int, bytes]:
    """How many samples there are and the counter of flits at each; without ROOM how many can be wanted.

    Raises:
        NvmlError: INVALID_ARGUMENT, there is no such link or kind, or more are wanted than are kept.
    """
    facts = gpu.board.nvlink
    check(facts and gpu.board.compute.architecture >= RUBIN, Code.NOT_SUPPORTED)
    assert facts is not None
    check(link < facts.links and kind < KINDS and room <= KEPT)
    if room == 0:
        return KEPT, b""
    now_s = time.time()
    taken = int((now_s - gpu.node.started_s) / EVERY_S)
    first = max(0, taken - room)
    at_s = [gpu.node.started_s + (number + 1) * EVERY_S for number in range(first, taken)]
    counters = [nvlink.traffic_kib(gpu, link, each) * FLITS_IN_KIB for each in at_s]
    return len(counters), struct.pack(f"<{len(counters)}Q", *counters)
