"""Injected faults: a return code or a delay for chosen calls of chosen functions, for one process or for all.

Pure bookkeeping: the daemon calls ``strike`` for each call, and keeps the answers file's guards such that those calls reach it.
"""

import msgspec

from fake_nvml.abi import table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind
from fake_nvml.model import index_of


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault; counters are per process, so that "the second call" means each client's own second call.

    Attributes:
        function: e.g. nvmlDeviceGetName.
        code: the return code's name or number; empty for a call that is only slow.
        call: from which call on, counting from 1.
        times: for how many calls; 0 is forever.
        pid: only this process; 0 is any.
        gpu: only calls about this GPU or its MIG instances; -1 is any call.
        delay_ms: how long the call takes.
    """

    function: str
    code: str | int = ""
    call: int = 1
    times: int = 1
    pid: int = 0
    gpu: int = -1
    delay_ms: int = 0
    seen: dict[int, int] = {}

    def number(self) -> Code | None:
        """The return code, None for success.

        Raises:
            KeyError, ValueError: no such code.
        """
        if self.code == "":
            return None
        text = str(self.code)
        return Code(int(text)) if text.isdigit() else Code[text.upper().removeprefix("NVML_ERROR_")]


BY_INDEX = ("nvmlDeviceGetHandleByIndex", "nvmlDeviceGetHandleByIndex_v2")


def _names_gpu(function: table.Function) -> bool:
    about = function.params and function.params[0].kind is ParamKind.HANDLE
    return function.name in BY_INDEX or bool(about and function.params[0].name not in ("set", "unit"))


def gpu_of(function: table.Function, body: bytes) -> int | None:
    """Which GPU the request is about: by its index, or by the handle of the GPU or of something on it."""
    if not _names_gpu(function):
        return None
    first = int.from_bytes(body[:8], "little")
    return first if function.name in BY_INDEX else index_of(first)


class Faults:
    """All faults of a node."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Begin with a fault.

        Raises:
            ValueError: an unknown function or code, or a count below its least; the text says which there are.
        """
        if fault.function not in table.functions():
            message = f"function: wanted a symbol of libnvidia-ml, found {fault.function!r}"
            raise ValueError(message)
        # shim.c answers these two without the daemon, so no guard can redirect them
        if fault.function in ("nvmlShutdown", "nvmlErrorString"):
            message = f"function: {fault.function} never reaches the driver, so it cannot fail there"
            raise ValueError(message)
        if fault.gpu >= 0 and not _names_gpu(table.functions()[fault.function]):
            message = f"function: {fault.function} is not about one GPU; leave the GPU out"
            raise ValueError(message)
        try:
            fault.number()
        except (KeyError, ValueError) as error:
            message = f"code: wanted one of {', '.join(code.name for code in Code)}, found {fault.code!r}"
            raise ValueError(message) from error
        if fault.call < 1 or fault.times < 0 or not 0 <= fault.delay_ms <= 60_000:
            message = "wanted call from 1, times from 0 and delay_ms from 0 to 60000"
            raise ValueError(message)
        self.active.append(fault)

    def clear(self) -> None:
        """End all faults."""
        self.active.clear()

    def entries(self) -> set[int]:
        """The entry points whose calls must reach the daemon; Init and InitWithFlags are one."""
        init = {
            "nvmlInit",
            "nvmlInit_v2",
        }  # in shim.c both call nvmlInitWithFlags, the one that reaches the daemon
        names = {"nvmlInitWithFlags" if f.function in init else f.function for f in self.active}
        return {table.functions()[name].id for name in names}

    def strike(self, function: str, pid: int, gpu: int | None = None) -> tuple[Code | None, int]:
        """(return code or None, delay in milliseconds) for this call of FUNCTION by process PID about GPU."""
        code, delay_ms = None, 0
        for fault in self.active:
            named = "nvmlInitWithFlags" if fault.function in ("nvmlInit", "nvmlInit_v2") else fault.function
            if named != function or fault.pid not in (0, pid) or fault.gpu not in (-1, gpu):
                continue
            count = fault.seen[pid] = fault.seen.get(pid, 0) + 1
            if count >= fault.call and (not fault.times or count < fault.call + fault.times):
                # of several faults the first gives the code; delays do not add up, the longest one holds
                code, delay_ms = fault.number() if code is None else code, max(delay_ms, fault.delay_ms)
        return code, delay_ms
