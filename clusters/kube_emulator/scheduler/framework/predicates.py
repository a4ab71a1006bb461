"""Pure: what a pod asks of a node beside devices, with kube-scheduler's messages.

After the plugins NodeUnschedulable, TaintToleration, NodeAffinity and NodeResourcesFit, 1.37, in that order: of a node only
the first plugin that refuses it is reported (apis/config/v1/default_plugins.go; runtime/framework.go RunFilterPlugins).
"""

from dataclasses import dataclass, field
from fractions import Fraction

from dra_api.objects import ContainerSpec, DeviceTaint, Node, Pod
from dra_api.quantity import parse
from kube_emulator.scheduler.framework.selection import selects_node
from kube_emulator.scheduler.framework.tolerations import preventing

Amounts = dict[str, Fraction]
UNSCHEDULABLE: DeviceTaint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
COUNTED = ("cpu", "memory", "ephemeral-storage")


@dataclass(slots=True)
class Load:
    """What the pods of a node ask for together."""

    pods: int = 0
    amounts: Amounts = field(default_factory=dict)

    def change(self, requests: Amounts, sign: int) -> None:
        """One pod more or less."""
        self.pods += sign
        for name, amount in requests.items():
            self.amounts[name] = self.amounts.get(name, Fraction()) + sign * amount


def amounts_of(container: ContainerSpec) -> Amounts:
    """What a container asks for; a limit without a request is one."""
    resources = container.get("resources") or {}
    wanted = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: parse(str(value)) for name, value in wanted.items()}


def requests_of(pod: Pod) -> Amounts:
    """What a pod asks for: its containers together, or its greediest init container."""
    spec = pod["spec"]
    total: Amounts = {}
    highest: Amounts = {}
    for container in spec.get("initContainers") or []:
        amounts = amounts_of(container)
        # A sidecar goes on beside all that start after it, so it counts with them too (component-helpers resource/helpers.go
        # AggregateContainerRequests); any other init container ends before the next one starts.
        if container.get("restartPolicy") == "Always":
            add(total, amounts)
            amounts = {}
        for name in {*amounts, *total}:
            highest[name] = max(
                highest.get(name, Fraction()), amounts.get(name, Fraction()) + total.get(name, Fraction())
            )
    for container in spec.get("containers") or []:
        add(total, amounts_of(container))
    total = {
        name: max(total.get(name, Fraction()), highest.get(name, Fraction())) for name in {*total, *highest}
    }
    add(total, {name: parse(str(value)) for name, value in (spec.get("overhead") or {}).items()})
    return total


def add(total: Amounts, amounts: Amounts) -> None:
    """Put AMOUNTS on top of TOTAL."""
    for name, amount in amounts.items():
        total[name] = total.get(name, Fraction()) + amount


def refusals(pod: Pod, node: Node) -> list[str]:
    """Why NODE is none for POD, whatever runs there."""
    spec, node_spec = pod["spec"], node.get("spec") or {}
    tolerations = spec.get("tolerations") or []
    # A cordoned node has the taint too, but a moment later: its controller sets it. Who tolerates the taint may go there.
    if node_spec.get("unschedulable") and preventing([UNSCHEDULABLE], tolerations) is not None:
        return ["node(s) were unschedulable"]
    if preventing(node_spec.get("taints") or [], tolerations) is not None:
        return ["node(s) had untolerated taint(s)"]
    labels = node["metadata"].get("labels") or {}
    wanted = spec.get("nodeSelector") or {}
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if any(labels.get(name) != value for name, value in wanted.items()) or not selects_node(required, node):
        return ["node(s) didn't match Pod's node affinity/selector"]
    return []


def shortages(requests: Amounts, node: Node, load: Load, by_devices: frozenset[str]) -> list[str]:
    """Which resources NODE is short of; resources BY_DEVICES that it does not have itself come from devices.

    A node that declares no cpu, memory or pods does not limit them: an emulated node has no such figures.
    """
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    found = []
    if "pods" in allocatable and load.pods + 1 > parse(str(allocatable["pods"])):
        found.append("Too many pods")
    for name, amount in sorted(requests.items()):
        have = allocatable.get(name)
        if not amount or (have is None and name in COUNTED):
            continue
        capacity = parse(str(have)) if have is not None else Fraction()
        # A node that has the resource from a device plugin serves it from there, and its claim gets no devices for it.
        if name in by_devices and not capacity:
            continue
        if load.amounts.get(name, Fraction()) + amount > capacity:
            found.append(f"Insufficient {name}")
    return found
