"""What a call family declares: getters, whose answers are published, and actions, which change the node.

A getter is a function of its subject (the node, a GPU, a MIG device, a GPU or compute instance) and of the call's
further inputs; ``over`` says for which of those its answers are published. A call with other inputs runs the same
function on request, so a getter checks its inputs itself. An action runs on request only and may change the node.
Both return the values of the out parameters in order, or raise ``NvmlError``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fake_nvml.abi import table
from fake_nvml.abi.codes import Code
from fake_nvml.model import Event, Node, NvmlError

Domain = Iterable[Any] | Callable[[Node], Iterable[Any]]


class Subject(StrEnum):
    """What a call is about: the node as a whole, or the object behind the handle that is its first argument."""

    SYSTEM = "system"
    """The node: calls without a handle, and calls that take other numbers (vGPU types and instances)."""
    GPU = "gpu"
    """A GPU, by its ``nvmlDevice_t``."""
    MIG_DEVICE = "mig"
    """A MIG device, by an ``nvmlDevice_t`` too."""
    GPU_INSTANCE = "gi"
    """A GPU instance, by its ``nvmlGpuInstance_t``."""
    COMPUTE_INSTANCE = "ci"
    """A compute instance, by its ``nvmlComputeInstance_t``."""
    EVENT_SET = "events"
    """An event set, by its ``nvmlEventSet_t``."""
    GPM_SAMPLE = "gpm"
    """A sample of the GPU performance monitor, by its ``nvmlGpmSample_t``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: ``privileged`` is root, or the user that runs the node daemon."""

    pid: int
    privileged: bool
    uid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Getter:
    """``fixed``: the answer depends on the machine only, never on the state; ``live``: it changes with time, so asked."""

    function: table.Function
    subject: Subject
    answer: Callable[..., Any]
    over: tuple[Domain, ...]
    fixed: bool
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """``privileged``: other callers get NO_PERMISSION. ``act`` may return ``Wait`` instead of the out parameters."""

    function: table.Function
    act: Callable[..., Any]
    privileged: bool
    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The answer comes when an event does, or TIMEOUT after so many milliseconds; ``made`` turns the event into it.

    ``records``: GPU operational events count too; calls that cannot return them leave them in the set.
    """

    set: int
    timeout_ms: int
    made: Callable[[Event], Any]
    records: bool = False


GETTERS: dict[tuple[str, Subject], Getter] = {}
ACTIONS: dict[str, Action] = {}


def getter(
    *names: str,
    subject: Subject = Subject.GPU,
    over: tuple[Domain, ...] = (),
    fixed: bool = False,
    live: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the answer of the functions NAMES for one kind of subject."""

    def declare(answer: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            function = table.functions()[name]
            GETTERS[name, subject] = Getter(
                function=function, subject=subject, answer=answer, over=over, fixed=fixed, live=live
            )
        return answer

    return declare


def action(
    *names: str, privileged: bool = True, subjects: tuple[Subject, ...] = (Subject.GPU,)
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what the functions NAMES do; the function gets the caller, the subject and the other inputs."""

    def declare(act: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            ACTIONS[name] = Action(
                function=table.functions()[name], act=act, privileged=privileged, subjects=subjects
            )
        return act

    return declare


def check(condition: object, code: Code = Code.INVALID_ARGUMENT) -> None:
    """Raise ``NvmlError(code)`` unless CONDITION holds."""
    if not condition:
        raise NvmlError(code)
