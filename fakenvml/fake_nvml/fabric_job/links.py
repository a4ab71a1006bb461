"""What NVML says of the NVLinks of a GPU, and the bandwidth between two GPUs that follows from it."""

from dataclasses import dataclass

import pynvml

LINKS_MAX = 36


@dataclass(frozen=True, slots=True)
class Links:
    """The links that are up, and the rate of one in MB/s."""

    up: int
    mb_s: int

    def gb_s(self) -> float:
        """All of them together, in one direction."""
        return self.up * self.mb_s / 1000


def between(one: Links, other: Links) -> float:
    """GB/s from one GPU to the other: the switches do not limit it, the GPU with less does."""
    return min(one.gb_s(), other.gb_s())


def read_links(uuid: str) -> Links:
    """The links of the GPU with that UUID.

    Raises:
        pynvml.NVMLError: there is no driver, or no such GPU.
    """
    pynvml.nvmlInit()
    try:
        gpu = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        states = [_state(gpu, link) for link in range(LINKS_MAX)]
        [speed] = pynvml.nvmlDeviceGetFieldValues(gpu, [pynvml.NVML_FI_DEV_NVLINK_SPEED_MBPS_COMMON])
        return Links(sum(states), 0 if speed.nvmlReturn else int(speed.value.uiVal))
    finally:
        pynvml.nvmlShutdown()


def _state(gpu: object, link: int) -> int:
    """1 if a link is up; a link that the board does not have is not."""
    try:
        return int(pynvml.nvmlDeviceGetNvLinkState(gpu, link))
    except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_InvalidArgument):
        return 0
