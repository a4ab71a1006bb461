"""Pure: what can be done in a sequence, and the claims as a kubelet and a scheduler that make no mistakes know them.

Three claims, ``a``, ``b`` and ``c``, are all that is needed: one in question, a neighbour, and one with two devices.
"""

from dataclasses import dataclass, field
from typing import Literal

from dra_conformance.harness.answers import Device
from dra_conformance.harness.harness import Claim

Kind = Literal["prepare", "unprepare", "take", "delete", "late", "restart", "kill"]
NAMES = ("a", "b", "c")
CALLS: tuple[Kind, ...] = ("prepare", "unprepare", "take", "prepare", "unprepare", "delete", "late")
"""What is drawn from, as often as it is here."""
STARTS: tuple[Kind, ...] = ("restart", "kill")
PAIR = "c"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        kind: ``delete`` removes a claim from the API server, ``late`` is a call for a claim that was there before it,
            ``take`` prepares another claim that was given the same devices.
        names: the claims, in the order of the call.
    """

    kind: Kind
    names: tuple[str, ...]


@dataclass(slots=True)
class Known:
    """What is known of the claim of one name.

    Attributes:
        claim: None before it is made.
        exists: whether the API server has it.
        answer: what prepare gave; None if it is not prepared.
        before: an earlier claim of the same name, which is gone and unprepared.
        again: it was unprepared and can be prepared again.
        restarted: the driver was started since it was prepared.
    """

    claim: Claim | None = None
    exists: bool = False
    answer: tuple[Device, ...] | None = None
    before: Claim | None = None
    again: bool = False
    restarted: bool = False

    def gone(self) -> None:
        """Forget a claim that does not exist and is not prepared."""
        if self.claim is not None and not self.exists and self.answer is None:
            self.before, self.claim, self.again = self.claim, None, False


@dataclass(slots=True)
class Model:
    """All claims and devices; ``devices`` are (pool, name) of those that can be given."""

    devices: list[tuple[str, str]]
    known: dict[str, Known] = field(default_factory=lambda: {name: Known() for name in NAMES})

    def free(self, name: str) -> list[tuple[str, str]]:
        """The devices that a scheduler would give to the claim NAME: of no claim that exists."""
        held = {
            device
            for known in self.known.values()
            if known.claim and known.exists
            for device in known.claim.devices
        }
        return [device for device in self.devices if device not in held][: 2 if name == PAIR else 1]

    def contested(self, name: str) -> bool:
        """Whether a device of the claim NAME is prepared for another one, which is gone from the API server."""
        mine = self.known[name].claim
        others = [known for other, known in self.known.items() if other != name and known.answer is not None]
        held = {device for known in others if known.claim for device in known.claim.devices}
        return mine is not None and bool(held & set(mine.devices))


def text_of(step: Step, model: Model) -> str:
    """STEP as a call, with the devices of claims."""
    if step.kind in ("restart", "kill"):
        return "SIGTERM, start" if step.kind == "restart" else "SIGKILL, start"
    shown = []
    for name in step.names:
        claim = model.known[name].claim
        devices = ", ".join(device for _, device in claim.devices) if claim else ""
        shown.append(f"{name}({devices})" if devices else name)
    verb = {
        "late": "prepare and unprepare of the former",
        "take": "prepare of another claim with the devices of",
    }
    return f"{verb.get(step.kind, step.kind)} {', '.join(shown)}"
