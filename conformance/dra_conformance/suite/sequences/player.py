"""Plays a sequence against a driver and looks after each step whether everything is as it must be."""

from typing import NoReturn

from dra_conformance.expectations import Violation
from dra_conformance.harness.answers import Device, pairs
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.pools import incomplete_pools
from dra_conformance.rules.sequences import REASONS
from dra_conformance.suite.sequences.calls import NAMES, STARTS, Kind, Model, Step, text_of


class Broken(Violation):
    """A step showed a violation; there is a class for each requirement, so that Hypothesis keeps them apart.

    Attributes:
        requirement: its id.
    """

    requirement = ""


CLASSES = {name: type(f"Broken{name}", (Broken,), {"requirement": name}) for name in REASONS}


class Player:
    """One sequence; ``calls`` are its steps so far, as text."""

    def __init__(self, harness: Harness, devices: list[tuple[str, str]]) -> None:
        self.calls: list[str] = []
        self._harness = harness
        self._model = Model(devices)
        self._before = harness.cdi.names()
        self._undone: set[str] = set()

    def play(self, steps: list[Step]) -> None:
        """Take the steps, then undo everything.

        Raises:
            Broken: the driver broke a requirement.
        """
        for drawn in steps:
            if step := self._fitting(drawn):
                self.calls.append(text_of(step, self._model))
                getattr(self, f"_{step.kind}")(step.names)
                self._look(step)
        prepared = tuple(name for name, known in self._model.known.items() if known.answer is not None)
        if prepared:
            step = Step("unprepare", prepared)
            self.calls.append(text_of(step, self._model))
            self._unprepare(prepared)
            self._look(step)
        left = sorted(self._harness.cdi.names() - self._before)
        self._hold("UNPR-005", not left, "the CDI devices of before", left, "CDI folder at the end")

    def clean(self) -> None:
        """Undo what can be undone, whatever happened, so that the next sequence begins anew."""
        if not self._harness.driver.running:
            self._harness.restart_killed()
        self._harness.release(*[known.claim for known in self._model.known.values() if known.claim])
        self._harness.release_all()

    def _fitting(self, step: Step) -> Step | None:
        """STEP with those of its claims to which it can be done now, or another one; claims that it needs are made."""
        if step.kind in STARTS:
            return step
        names = tuple(name for name in step.names if self._applies(step.kind, name))
        others = [name for name in NAMES if self._applies(step.kind, name)]
        if step.kind == "take":  # a step on what nobody has shows less
            prepared = [name for name in others if self._model.known[name].answer is not None]
            names = tuple(name for name in names if name in prepared) or tuple(prepared[:1]) or names
        names = names or tuple(others[:1])
        return Step(step.kind, names) if names else None

    def _applies(self, kind: Kind, name: str) -> bool:
        known = self._model.known[name]
        match kind:
            case "late":
                return known.before is not None
            case "take":
                return known.exists and (known.answer is not None or not self._model.contested(name))
            case "delete":
                return known.exists
            case "prepare":
                return self._made(name) and known.exists
            case _:
                return self._made(name)

    def _made(self, name: str) -> bool:
        """Whether there is a claim of that NAME for a call; one is made where devices are free."""
        known = self._model.known[name]
        if known.claim is None:
            if not (devices := self._model.free(name)):
                return False
            requests = [f"r{index}" for index in range(len(devices))]
            known.claim = self._harness.claim(*devices, requests=requests, name=f"sequence-{name}")
            known.exists = True
        return True

    def _prepare(self, names: tuple[str, ...]) -> None:
        claims = {name: claim for name in names if (claim := self._model.known[name].claim)}
        answers = self._harness.kubelet.attempt(*claims.values())
        for name, claim in claims.items():
            entry, known = answers[claim.uid], self._model.known[name]
            if entry.error and self._model.contested(name) and known.answer is None:
                continue
            self._judge_success(name, entry.error)
            found, right = pairs(entry.devices), sorted(claim.devices)
            self._hold("PREP-006", found == right, right, found, f"answer for {name}")
            rule = "IDEM-006" if known.restarted else "IDEM-001"
            if known.answer is not None:
                self._hold(
                    rule, entry.devices == known.answer, known.answer, entry.devices, f"answer for {name}"
                )
            known.answer, known.restarted, known.again = entry.devices, False, False
            self._undone -= ids_of(entry.devices)
            wrong = [
                each
                for each in sorted(ids_of(entry.devices))
                if len(self._harness.cdi.definitions(each)) != 1
            ]
            self._hold("CDI-002", not wrong, "each defined once", wrong, f"CDI ids of {name}")

    def _judge_success(self, name: str, error: str) -> None:
        known = self._model.known[name]
        rule = "UNPR-011" if known.again else "UNPR-012"
        if known.answer is not None:
            rule = "IDEM-006" if known.restarted else "IDEM-001"
        self._hold(rule, not error, "success", error, f"prepare of {name}")

    def _unprepare(self, names: tuple[str, ...]) -> None:
        claims = {name: claim for name in names if (claim := self._model.known[name].claim)}
        answers = self._harness.kubelet.attempt_unprepare(*claims.values())
        for name, claim in claims.items():
            known, error = self._model.known[name], answers[claim.uid].error
            rule = "UNPR-010" if known.restarted else "UNPR-005"
            if known.answer is None:
                rule = "UNPR-002"
            elif not known.exists:
                rule = "UNPR-003"
            self._hold(rule, not error, "success", error, f"unprepare of {name}")
            self._undone |= ids_of(known.answer or ())
            known.again, known.answer = known.answer is not None or known.again, None
            known.restarted = False
            known.gone()

    def _delete(self, names: tuple[str, ...]) -> None:
        for name in names:
            known = self._model.known[name]
            if known.claim is not None:
                self._harness.api.delete_claim(known.claim.namespace, known.claim.name)
                known.exists = False
                known.gone()

    def _late(self, names: tuple[str, ...]) -> None:
        for name in names:
            former = self._model.known[name].before
            if former is not None:
                entry = self._harness.kubelet.attempt(former)[former.uid]
                self._hold(
                    "PREP-012", bool(entry.error), "an error", entry.devices, f"prepare of the former {name}"
                )
                error = self._harness.kubelet.attempt_unprepare(former)[former.uid].error
                self._hold("UNPR-002", not error, "success", error, f"unprepare of the former {name}")

    def _take(self, names: tuple[str, ...]) -> None:
        for name in names:
            known = self._model.known[name]
            if known.claim is None:
                continue
            requests = [f"r{index}" for index in range(len(known.claim.devices))]
            other = self._harness.claim(*known.claim.devices, requests=requests)
            entry = self._harness.kubelet.attempt(other)[other.uid]
            self._harness.release(other)
            self._undone |= ids_of(entry.devices)
            if known.answer is None:
                self._hold(
                    "UNPR-012", not entry.error, "success", entry.error, f"prepare with the devices of {name}"
                )
            else:
                where = f"prepare with the devices of {name}, which is prepared"
                self._hold("PREP-014", bool(entry.error), "an error", entry.devices, where)

    def _restart(self, _names: tuple[str, ...], *, kill: bool = False) -> None:
        try:
            self._harness.restart(kill=kill)
        except Violation as error:
            self._break("REC-012", error.wanted, error.found, error.where)
        for known in self._model.known.values():
            known.restarted = known.answer is not None

    def _kill(self, names: tuple[str, ...]) -> None:
        self._restart(names, kill=True)

    def _look(self, step: Step) -> None:
        """What must hold after each step."""
        defined = self._harness.cdi.names()
        rule = {"unprepare": "UNPR-006", "restart": "REC-007", "kill": "REC-007"}.get(step.kind, "CDI-018")
        for name, known in self._model.known.items():
            lost = sorted(ids_of(known.answer or ()) - defined) if known.exists else []
            self._hold(rule, not lost, "none", lost, f"CDI ids that {name}, which is prepared, lost")
        permanent = self._harness.permanent | ids_of(
            [d for k in self._model.known.values() for d in k.answer or ()]
        )
        left = sorted((self._undone & defined) - permanent)
        self._hold("UNPR-005", not left, "none", left, "CDI ids of claims that were unprepared")
        broken = incomplete_pools(self._harness.api.own_slices())
        self._hold("POOL-001", not broken, "complete pools", broken, "slices")

    def _hold(self, rule: str, good: bool, wanted: object, found: object, where: str) -> None:
        if not good:
            self._break(rule, str(wanted), str(found), where)

    def _break(self, rule: str, wanted: str, found: str, where: str) -> NoReturn:
        raise CLASSES[rule](wanted, found, where)


def ids_of(devices: tuple[Device, ...] | list[Device]) -> set[str]:
    """The CDI ids of devices."""
    return {name for device in devices for name in device.cdi_ids}
