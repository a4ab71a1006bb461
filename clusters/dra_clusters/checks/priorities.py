"""Priority classes, and the priority of pods (plugin/pkg/admission/priority, pkg/apis/scheduling).

No behaviour makes a class the default: it would count for the pods of every other behaviour.
"""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Answer, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import FORBIDDEN, INVALID, UNSUPPORTED, refused, sample, taken

ADMISSION = UPSTREAM + "plugin/pkg/admission/priority/admission.go"
VALIDATION = UPSTREAM + "pkg/apis/scheduling/validation/validation.go"
CLASSES = "priorityclasses"


def made(context: CheckContext, **changes: Any) -> str:
    """The name of a new class of value 7."""
    return str(context.create(CLASSES, sample(context, CLASSES, changes))["metadata"]["name"])


def pod(context: CheckContext, **spec: Any) -> Answer:
    """The answer to the creation of a pod."""
    return context.post(
        "pods", sample(context, "pods", {f"spec.{name}": value for name, value in spec.items()})
    )


def priority(item: JsonObject) -> tuple[str, int, str]:
    """The class, the value and the policy of a pod."""
    spec = item["spec"]
    return spec["priorityClassName"], spec["priority"], spec["preemptionPolicy"]


@behaviour("priorities/system-classes", UPSTREAM + "pkg/apis/scheduling/v1/helpers.go")
def system_classes(context: CheckContext) -> None:
    """The classes system-cluster-critical and system-node-critical are there."""
    for name, value in (("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)):
        body = context.get(CLASSES, name).expect(200)
        found = body["value"], body["preemptionPolicy"], body["metadata"]["generation"]
        same(found, (value, "PreemptLowerPriority", 1), name)


@behaviour("priorities/system-classes-stay", UPSTREAM + "pkg/registry/scheduling/priorityclass/storage")
def system_classes_stay(context: CheckContext) -> None:
    """A system class cannot be deleted."""
    answer = context.delete(CLASSES, "system-node-critical", dryRun="All")
    answer.refuse(403, "Forbidden", "this is a system priority class and cannot be deleted")


@behaviour("priorities/pod-gets-that-of-its-class", ADMISSION)
def pod_of_class(context: CheckContext) -> None:
    """A pod gets the value and the preemption policy of its class."""
    name = made(context, value=-3, preemptionPolicy="Never")
    same(priority(pod(context, priorityClassName=name).expect(201)), (name, -3, "Never"), "priority")


@behaviour("priorities/pod-of-a-system-class", ADMISSION)
def pod_of_system_class(context: CheckContext) -> None:
    """A pod in any namespace may have a system class."""
    name = "system-node-critical"
    found = priority(pod(context, priorityClassName=name).expect(201))
    same(found, (name, 2_000_001_000, "PreemptLowerPriority"), "priority")


@behaviour("priorities/unknown-class", ADMISSION)
def unknown_class(context: CheckContext) -> None:
    """A pod with a class that does not exist is 403 Forbidden."""
    name = context.name()
    answer = pod(context, priorityClassName=name)
    answer.refuse(403, "Forbidden", f"is forbidden: no PriorityClass with name {name} was found")


@behaviour("priorities/value-is-that-of-the-class", ADMISSION)
def value_of_class(context: CheckContext) -> None:
    """A pod may have the value of its class, and no other."""
    name = made(context)
    pod(context, priorityClassName=name, priority=7).expect(201)
    pod(context, priorityClassName=name, priority=8).refuse(
        *(403, "Forbidden"),
        "is forbidden: the integer value of priority (8) must not be provided in pod spec; priority admission"
        " controller computed 7 from the given PriorityClass name",
    )


@behaviour("priorities/policy-is-that-of-the-class", ADMISSION)
def policy_of_class(context: CheckContext) -> None:
    """A pod may have no other preemption policy than its class."""
    name = made(context, preemptionPolicy="Never")
    pod(context, priorityClassName=name, preemptionPolicy="PreemptLowerPriority").refuse(
        *(403, "Forbidden"),
        "is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod"
        " spec; priority admission controller computed Never from the given PriorityClass name",
    )


refused(
    "priorities/names-of-system-are-reserved",
    "The name of a class does not begin with system-.",
    CLASSES,
    {"metadata.name": "system-x"},
    (FORBIDDEN, "metadata.name"),
    source=VALIDATION,
)
refused(
    "priorities/value-has-a-limit",
    "The value of a class is 1000000000 at most.",
    CLASSES,
    {"value": 1_000_000_001},
    (FORBIDDEN, "value"),
    source=VALIDATION,
)
taken(
    "priorities/value-at-the-limit",
    "The value of a class may be 1000000000.",
    CLASSES,
    {"value": 1_000_000_000},
    source=VALIDATION,
)
refused(
    "priorities/policy-is-one-of-two",
    "The preemption policy of a class is PreemptLowerPriority or Never.",
    CLASSES,
    {"preemptionPolicy": "x"},
    (UNSUPPORTED, "preemptionPolicy"),
    source=VALIDATION,
)


@behaviour("priorities/class-cannot-be-changed", VALIDATION)
def class_stays(context: CheckContext) -> None:
    """Value and preemption policy of a class cannot be changed, its description can; the generation stays 1."""
    name = made(context)
    item = context.get(CLASSES, name).expect(200)
    context.put(CLASSES, {**item, "value": 8}).invalid((FORBIDDEN, "value"))
    context.put(CLASSES, {**item, "preemptionPolicy": "Never"}).invalid((INVALID, "preemptionPolicy"))
    changed = context.put(CLASSES, {**item, "description": "x"}).expect(200)
    same((changed["description"], changed["metadata"]["generation"]), ("x", 1), "after the change")


@behaviour("priorities/table", UPSTREAM + "pkg/printers/internalversion/printers.go")
def table(context: CheckContext) -> None:
    """A class as a table has its value, whether it is the default, and its preemption policy."""
    path = context.path(CLASSES, made(context))
    form = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    body = context.client.send("GET", path, headers=form).expect(200)
    columns = [(column["name"], column["type"]) for column in body["columnDefinitions"]]
    wanted = [("Name", "string"), ("Value", "integer"), ("Global-Default", "boolean"), ("Age", "string")]
    same(columns, [*wanted, ("PreemptionPolicy", "string")], "columns")
    cells = body["rows"][0]["cells"]
    same((cells[1], cells[2], cells[4]), (7, False, "PreemptLowerPriority"), "cells")
