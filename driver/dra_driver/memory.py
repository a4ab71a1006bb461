"""Gives memory that is free back to the kernel, which glibc keeps for the process otherwise.

The start needs more than the rest of the process's life: NVML's bindings are 7 000 lines that are read, and every slice is
sent, received and compared. 10 MiB of 80 are free afterwards, and a node plugin is on every node.
"""

import ctypes


def give_back() -> None:
    """Give back what is free; nothing happens where the C library cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # malloc_trim(3), of glibc only
    if trim is not None:
        trim(0)
