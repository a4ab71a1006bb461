"""Pure: the verdicts on some requirements once more, from the recorded evidence alone.

This is the second opinion behind ``dra-conformance verify``. It shares nothing with the checks, neither code nor stubs:
it reads the bytes of the calls and the objects as recorded. It covers the rules for which that evidence suffices:
what an answer has, and what a published slice has. What needs a fault, a restart or a moment in
time is not decided here.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from dra_conformance.bundles.wire import WireError, messages, texts

Step = Mapping[str, Any]
PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"
DEVICES_MAX, ADVANCED_MAX = 128, 64
NODE_FIELDS = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")


class Seen(NamedTuple):
    """What a rule finds in a step: a problem, or none."""

    problem: str


def info(step: Step) -> bytes | None:
    """The bytes of an answer to GetInfo."""
    return answer_of(step, "GetInfo")


def answer_of(step: Step, call: str) -> bytes | None:
    """The bytes of the answer to CALL, if the step is such a call, was answered, and is recorded in full."""
    if step["kind"] != "grpc" or step["what"] != call or "answer bytes" not in step:
        return None
    return whole(step["answer bytes"])


def whole(text: str) -> bytes | None:
    """Bytes in hexadecimal digits; none if they were cut."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def plugin_type(step: Step) -> Iterator[Seen]:
    """PluginInfo.type (1) is DRAPlugin."""
    data = info(step)
    if data is not None:
        found = texts(data, 1)
        yield Seen("" if found == ["DRAPlugin"] else f"type {found}")


def versions(step: Step) -> Iterator[Seen]:
    """PluginInfo.supported_versions (4) has a DRA service."""
    data = info(step)
    if data is not None:
        found = texts(data, 4)
        known = {"v1.DRAPlugin", "v1beta1.DRAPlugin"} & set(found)
        yield Seen("" if known else f"supported_versions {found}")


def entries(step: Step, call: str) -> tuple[set[str], set[str]] | None:
    """(UIDs asked for, UIDs answered): in the request claims (1) with uid (2), in the answer a map (1) with the key (1)."""
    answer, request = answer_of(step, call), whole(step.get("request bytes", "-"))
    if answer is None or request is None:
        return None
    asked = {uid for claim in messages(request, 1) for uid in texts(claim, 2)}
    return asked, {uid for entry in messages(answer, 1) for uid in texts(entry, 1)}


def complete(call: str) -> "Rule":
    """Every claim that was asked for has an entry."""

    def rule(step: Step) -> Iterator[Seen]:
        found = entries(step, call)
        if found is not None:
            yield Seen(f"no entry for {sorted(found[0] - found[1])}" if found[0] - found[1] else "")

    return rule


def nothing_else(step: Step) -> Iterator[Seen]:
    """No entry that was not asked for."""
    found = entries(step, PREPARE)
    if found is not None:
        yield Seen(f"entries for {sorted(found[1] - found[0])}" if found[1] - found[0] else "")


def slices(step: Step) -> Iterator[dict[str, Any]]:
    """The spec of a slice that was read from the API server."""
    if step["kind"] == "object" and "object" in step:
        try:
            item = json.loads(step["object"])
        except ValueError:  # cut
            return
        if item.get("kind") == "ResourceSlice":
            yield item["spec"]


def device_count(step: Step) -> Iterator[Seen]:
    """At most 128 devices, 64 if one has taints, counters or lists."""
    for spec in slices(step):
        devices = spec.get("devices") or []
        most = ADVANCED_MAX if any(map(advanced, devices)) else DEVICES_MAX
        yield Seen("" if len(devices) <= most else f"{len(devices)} devices, at most {most}")


def advanced(device: Mapping[str, Any]) -> bool:
    """Whether a device halves the limit of its slice."""
    values = (device.get("attributes") or {}).values()
    return bool(
        device.get("taints")
        or device.get("consumesCounters")
        or any(isinstance(value, list) for attribute in values for value in attribute.values())
    )


def one_node_field(step: Step) -> Iterator[Seen]:
    """Exactly one of the fields that say for which nodes a slice is."""
    for spec in slices(step):
        found = [name for name in NODE_FIELDS if spec.get(name) not in (None, "")]
        yield Seen("" if len(found) == 1 else f"has {found}")


Rule = Callable[[Step], Iterable[Seen]]
RULES: Mapping[str, Rule] = {
    "REG-003": plugin_type,
    "REG-007": versions,
    "PREP-001": complete(PREPARE),
    "PREP-002": nothing_else,
    "UNPR-001": complete(UNPREPARE),
    "RSL-002": one_node_field,
    "RSL-009": device_count,
}
"""{requirement: the rule}; the list of what ``verify`` recomputes."""


class Opinion(NamedTuple):
    """The second opinion on one requirement.

    Attributes:
        recorded: the verdict of the report.
        recomputed: pass or fail.
        problems: what the evidence shows.
        looked_at: the number of observations.
    """

    id: str
    recorded: str
    recomputed: str
    problems: tuple[str, ...]
    looked_at: int

    @property
    def agrees(self) -> bool:
        """Whether both say the same of the driver."""
        broken = self.recorded in ("fail", "non-strict", "info", "exempt")
        return broken == (self.recomputed == "fail")


def second_opinions(checks: Iterable[Mapping[str, Any]], verdicts: Mapping[str, str]) -> list[Opinion]:
    """The opinions on what was judged in a run; CHECKS are the lines of its log, VERDICTS those of its report."""
    found: dict[str, list[Seen]] = {}
    for check in checks:
        for name in RULES.keys() & set(check["requirements"]):
            found.setdefault(name, []).extend(observations(RULES[name], check["evidence"]))
    return [
        opinion(name, verdicts[name], seen)
        for name, seen in sorted(found.items())
        if seen and verdicts.get(name) in ("pass", "fail", "non-strict", "info", "exempt")
    ]


def observations(rule: Rule, steps: Iterable[Step]) -> Iterator[Seen]:
    """What RULE finds in STEPS; bytes that are no message are a problem of their own."""
    for step in steps:
        try:
            yield from rule(step)
        except WireError as error:
            yield Seen(f"the answer is no message: {error}")


def opinion(name: str, recorded: str, seen: list[Seen]) -> Opinion:
    """The opinion on a requirement."""
    problems = tuple(dict.fromkeys(one.problem for one in seen if one.problem))
    return Opinion(name, recorded, "fail" if problems else "pass", problems, len(seen))
