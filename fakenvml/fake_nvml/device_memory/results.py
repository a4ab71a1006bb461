"""CUresult, and the error with which a request of a workload ends."""

SUCCESS, INVALID_VALUE, OUT_OF_MEMORY = 0, 1, 2
UNAVAILABLE, NO_DEVICE, INVALID_DEVICE, INVALID_CONTEXT = 46, 100, 101, 201
INVALID_HANDLE, CONTAINED, NOT_PERMITTED, NOT_SUPPORTED = 400, 721, 800, 801


class WorkError(Exception):
    """A request ends with a CUresult other than success."""

    def __init__(self, code: int) -> None:
        super().__init__(f"CUresult {code}")
        self.code = code
