"""ECC counters by location: which of them a board has."""

from types import ModuleType

import pytest

pytestmark = pytest.mark.slow
DRAM, SRAM = 2, 7


@pytest.mark.parametrize("node", ["t4", "dgx-a100", "dgx-b200"], indirect=True)
def test_errors_are_counted_in_dram_and_sram_and_are_not_supported_elsewhere(nvml: ModuleType) -> None:
    """Captures of T4, A100, H100 and B200 print N/A for caches, registers and textures, of both lifetimes."""
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    answered = set()
    for kind in range(2):
        for lifetime in range(2):
            for place in range(nvml.NVML_MEMORY_LOCATION_COUNT):
                try:
                    count = nvml.nvmlDeviceGetMemoryErrorCounter(gpu, kind, lifetime, place)
                except nvml.NVMLError_NotSupported:
                    continue
                answered.add((place, count))
    assert answered == {(DRAM, 0), (SRAM, 0)}
