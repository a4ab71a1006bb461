"""Rules on what features bring to slices: each has a slice that follows it and one that does not."""

from typing import Any

import pytest

from dra_conformance.rules.features import OFFERED, RULES, crowded, taint_domains, valid_taints

DRIVER = "x.example.com"


def pool(**spec: Any) -> dict[str, Any]:
    place = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    return {"metadata": {"name": "s"}, "spec": {"driver": DRIVER, "nodeName": "n", "pool": place, **spec}}


def of(*devices: dict[str, Any], **spec: Any) -> list[dict[str, Any]]:
    return [pool(devices=list(devices), **spec)]


def counters(**amounts: int) -> dict[str, Any]:
    return {name: {"value": str(amount)} for name, amount in amounts.items()}


def user(name: str, counter_set: str = "wood", /, *, groups: Any = None, **amounts: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"counterSet": counter_set, "counters": counters(**amounts)}
    return {
        "name": name,
        "consumesCounters": [entry | ({} if groups is None else {"compatibilityGroups": groups})],
    }


def wood(*users: dict[str, Any], **amounts: int) -> list[dict[str, Any]]:
    return [pool(sharedCounters=[{"name": "wood", "counters": counters(**amounts)}]), *of(*users)]


def crate(policy: dict[str, Any], *, shared: bool = True) -> list[dict[str, Any]]:
    device = {"name": "d", "capacity": {"space": {"value": "8Gi", "requestPolicy": policy}}}
    return of(device | ({"allowMultipleAllocations": True} if shared else {}))


def lists(**value: Any) -> list[dict[str, Any]]:
    return of({"name": "d", "attributes": {"a": value}})


def taken(**resource: Any) -> list[dict[str, Any]]:
    return of(
        {"name": "d", "capacity": {"cores": {"value": "4"}}, "nodeAllocatableResources": {"cpu": resource}}
    )


RANGE = {"min": "1Gi", "max": "8Gi", "step": "1Gi"}
PART = [{**user("a", w=1), "attributes": {"x.example.com/kind": {"string": "half"}}}]
TYPED = of(*PART, {**PART[0], "name": "b"}, partitionTypeAttribute="x.example.com/kind")
UNEQUAL = of(
    *PART,
    {**user("b", w=2), "attributes": PART[0]["attributes"]},
    partitionTypeAttribute="x.example.com/kind",
)
CASES: dict[str, tuple[Any, list[Any]]] = {
    "PART-002": (wood(user("a", w=1), w=1), [wood(user("a", "iron", w=1), w=1), wood(user("a", v=1), w=1)]),
    "PART-003": (wood(w=1), [[*wood(w=1), *wood(w=1)]]),
    "PART-004": (wood(user("a", w=1), w=1), [of(user("a", w=1), sharedCounters=[{"name": "wood"}])]),
    "PART-005": (
        wood(user("a", w=1), w=1),
        [
            [pool(sharedCounters=[{"name": f"s{n}"} for n in range(9)])],
            wood(**{f"c{n}": 1 for n in range(33)}),
            of({"name": "d", "consumesCounters": user("d", w=1)["consumesCounters"] * 3}),
        ],
    ),
    "PART-006": (
        wood(user("a", w=1), w=1),
        [of(user("a")), of({"name": "a", "consumesCounters": user("a", w=1)["consumesCounters"] * 2})],
    ),
    "PART-007": (wood(w=1), [[pool(sharedCounters=[{"name": "Big Wood"}])], wood(W=1)]),
    "PART-008": (
        wood(user("all", w=4), user("one", w=1), w=4),
        [wood(user("a", w=5), w=4), wood(user("all", w=3), user("one", w=1), w=4)],
    ),
    "PART-013": (
        of(perDeviceNodeSelection=True),
        [[*of({"name": "a"}, perDeviceNodeSelection=True), *of({"name": "b"})]],
    ),
    "PART-014": (
        TYPED,
        [UNEQUAL, of(*PART, partitionTypeAttribute="kind"), of(user("a", w=1), partitionTypeAttribute="x/k")],
    ),
    "PART-015": (
        of(user("a", groups=["g"], w=1)),
        [
            of(user("a", groups=[], w=1)),
            of(user("a", groups=["g", "g"], w=1)),
            of(user("a", groups=["G g"], w=1)),
        ],
    ),
    "CCAP-005": (
        crate({"default": "1Gi", "validRange": RANGE}),
        [crate({"default": "1Gi"}, shared=False), crate({"validValues": ["1Gi"], "validRange": RANGE})],
    ),
    "CCAP-006": (
        crate({"default": "2Gi", "validValues": ["1Gi", "2Gi"]}),
        [
            crate({"default": "1Gi", "validValues": ["2Gi", "1Gi"]}),
            crate({"default": "1Gi", "validValues": ["1Gi", "9Gi"]}),
            crate({"default": "3Gi", "validValues": ["1Gi"]}),
            crate({"validValues": ["1Gi"]}),
        ],
    ),
    "CCAP-007": (
        crate({"default": "2Gi", "validRange": RANGE}),
        [
            crate({"default": "1536Mi", "validRange": RANGE}),
            crate({"default": "1Gi", "validRange": {**RANGE, "max": "9Gi"}}),
            crate({"default": "1Gi", "validRange": {**RANGE, "step": "0"}}),
            crate({"validRange": RANGE}),
            crate({"default": "9Gi", "validRange": {"min": "1Gi"}}),
        ],
    ),
    "ONO-001": (
        of(skipNodeOperations=["NodePrepareResources", "NodeUnprepareResources"]),
        [
            of(skipNodeOperations=["NodePrepareResources"]),
            of(skipNodeOperations=["*", "*"]),
            of(skipNodeOperations=["Everything"]),
        ],
    ),
    "LST-001": (
        lists(ints=[1, 2]),
        [lists(ints=[1, True]), lists(strings=["x" * 65]), lists(versions=["1.2"])],
    ),
    "RSL-017": (lists(ints=[1] * 48), [lists(ints=[1] * 49), lists(ints=[])]),
    "BIND-001": (
        of(
            {
                "name": "d",
                "bindingConditions": ["ready"],
                "bindingFailureConditions": ["x.example.com/failed"],
            }
        ),
        [
            of({"name": "d", "bindingConditions": ["ready"]}),
            of({"name": "d", "bindingConditions": ["ready"], "bindingFailureConditions": ["ready"]}),
            of({"name": "d", "bindingConditions": list("abcde"), "bindingFailureConditions": ["f"]}),
            of({"name": "d", "bindingConditions": ["not ready"], "bindingFailureConditions": ["f"]}),
        ],
    ),
    "BIND-006": (
        of({"name": "d", "bindingConditions": ["ready"], "bindsToNode": True}, nodeName=None, allNodes=True),
        [of({"name": "d", "bindingConditions": ["ready"]}, nodeName=None, allNodes=True)],
    ),
    "RSL-021": (
        of({"name": "d", "nodeName": "n"}, perDeviceNodeSelection=True, nodeName=None),
        [
            of({"name": "d", "nodeName": "n"}),
            of({"name": "d"}, perDeviceNodeSelection=True, nodeName=None),
            of({"name": "d", "nodeName": "n", "allNodes": True}, perDeviceNodeSelection=True, nodeName=None),
        ],
    ),
    "NAR-001": (
        taken(overhead={"perPod": "1"}),
        [taken(), of({"name": "d", "nodeAllocatableResources": {"gpus": {"overhead": {}}}})],
    ),
    "NAR-002": (
        taken(mapping={"capacityKey": "cores", "capacityMultiplier": "1"}),
        [
            taken(mapping={"capacityKey": "threads", "capacityMultiplier": "1"}),
            taken(mapping={"capacityKey": "cores", "capacityMultiplier": "0"}),
            taken(mapping={"capacityKey": "cores", "capacityMultiplier": "1", "deviceMultiplier": "1"}),
            taken(mapping={}),
        ],
    ),
}


def test_each_rule_has_a_case() -> None:
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize("name", CASES)
def test_what_follows_the_rule_is_accepted_and_what_does_not_is_named(name: str) -> None:
    (rule, why), (good, bad) = RULES[name], CASES[name]
    assert why
    assert list(rule(good, DRIVER, "n")) == []
    for slices in bad:
        assert list(rule(slices, DRIVER, "n")), slices


def test_a_feature_is_offered_where_a_rule_of_it_could_be_broken() -> None:
    assert OFFERED["DRAPartitionableDevices"][0](wood(w=1))
    assert not OFFERED["DRAPartitionableDevices"][0](of({"name": "d"}))
    assert OFFERED["DRAListTypeAttributes"][0](lists(ints=[1]))
    assert not OFFERED["DRAListTypeAttributes"][0](lists(int=1))


def test_taints_follow_the_syntax_of_labels() -> None:
    good = of({"name": "d", "taints": [{"key": "x.example.com/sick", "value": "48", "effect": "NoExecute"}]})
    assert list(valid_taints(good, DRIVER, "n")) == list(taint_domains(good, DRIVER, "n")) == []
    for taint in (
        {"effect": "NoExecute"},
        {"key": "a b", "effect": "NoExecute"},
        {"key": "a", "effect": "NoRun"},
        {"key": "a", "value": "x y", "effect": "None"},
    ):
        bad = of({"name": "d", "taints": [taint]})
        assert list(valid_taints(bad, DRIVER, "n")), taint
        assert list(taint_domains(bad, DRIVER, "n")), taint
    assert list(valid_taints(of({"name": "d", "taints": [{"key": "a", "effect": "None"}] * 17}), DRIVER, "n"))


def test_a_tainted_device_makes_a_slice_of_65_too_large() -> None:
    plain = [{"name": f"d{number}"} for number in range(65)]
    assert list(crowded(of(*plain), DRIVER, "n")) == []
    tainted = {**plain[0], "taints": [{"key": "a", "effect": "None"}]}
    assert list(crowded(of(tainted, *plain[1:]), DRIVER, "n")) == ["s has 65 devices"]
    assert list(crowded(of(tainted, *plain[2:]), DRIVER, "n")) == []
