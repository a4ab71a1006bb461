"""Pods that go where other pods are, or stay away from them (pkg/scheduler/framework/plugins/interpodaffinity)."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.scenario import Scenario

PLUGIN = UPSTREAM + "pkg/scheduler/framework/plugins/interpodaffinity/filtering.go"
NEEDS = ("api", "scheduler")
HOST, ZONE = "kubernetes.io/hostname", "check.example.com/zone"
DOG, CAT = {"animal": "dog"}, {"animal": "cat"}


def term(labels: dict[str, str], topology: str = HOST, **more: object) -> list[JsonObject]:
    """One required term: pods with LABELS, places by TOPOLOGY."""
    return [{"labelSelector": {"matchLabels": labels}, "topologyKey": topology, **more}]


def near(terms: list[JsonObject]) -> JsonObject:
    """An affinity that requires to be with others."""
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def apart(terms: list[JsonObject]) -> JsonObject:
    """An affinity that requires not to be with others."""
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


@behaviour("neighbours/apart-from-itself", PLUGIN, needs=NEEDS)
def apart_from_itself(context: CheckContext) -> None:
    """Pods that must not be with their like go to different nodes; the one too many waits and goes when one is deleted."""
    scenario = Scenario(context)
    nodes = {scenario.node(), scenario.node()}
    pods = [scenario.pod(labels=DOG, affinity=apart(term(DOG))) for _ in range(2)]
    same({scenario.scheduled(pod) for pod in pods}, nodes, "nodes")
    third = scenario.pod(labels=DOG, affinity=apart(term(DOG)))
    scenario.waiting(third, "2 node(s) didn't match pod anti-affinity rules")
    context.delete("pods", pods[0], GRACELESS)
    scenario.scheduled(third)


@behaviour("neighbours/placed-pods-defend-their-place", PLUGIN, needs=NEEDS)
def defended(context: CheckContext) -> None:
    """A pod is not placed beside one that must not be with it, whatever it requires itself."""
    scenario = Scenario(context)
    scenario.node()
    scenario.scheduled(scenario.pod(labels=CAT, affinity=apart(term(DOG))))
    scenario.waiting(scenario.pod(labels=DOG), "1 node(s) didn't satisfy existing pods anti-affinity rules")
    scenario.scheduled(scenario.pod(labels=CAT))


@behaviour("neighbours/a-place-is-all-nodes-of-a-label", PLUGIN, needs=NEEDS)
def whole_place(context: CheckContext) -> None:
    """Nodes with the same value of the topology key are one place."""
    scenario = Scenario(context)
    here, _ = scenario.node(**{ZONE: "a"}), scenario.node(**{ZONE: "a"})
    scenario.scheduled(scenario.pod(labels=CAT, nodeName=here))
    waits = scenario.pod(labels=DOG, affinity=apart(term(CAT, ZONE)))
    scenario.waiting(waits, "2 node(s) didn't match pod anti-affinity rules")
    other = scenario.node(**{ZONE: "b"})
    same(scenario.scheduled(waits), other, "node")


@behaviour("neighbours/affinity-brings-together", PLUGIN, needs=NEEDS)
def together(context: CheckContext) -> None:
    """A pod that must be with another waits until that one is placed, and goes to its node."""
    scenario = Scenario(context)
    nodes = [scenario.node() for _ in range(3)]
    follower = scenario.pod(labels=DOG, affinity=near(term(CAT)))
    scenario.waiting(follower, "3 node(s) didn't match pod affinity rules")
    scenario.pod(labels=CAT, nodeName=nodes[1])
    same(scenario.scheduled(follower), nodes[1], "node")


@behaviour("neighbours/the-first-of-a-group-goes-anywhere", PLUGIN, needs=NEEDS)
def first_of_group(context: CheckContext) -> None:
    """The first of pods that must be together goes anywhere, and the second goes to it."""
    scenario = Scenario(context)
    for _ in range(3):
        scenario.node()
    first, second = (scenario.pod(labels=DOG, affinity=near(term(DOG))) for _ in range(2))
    same(scenario.scheduled(second), scenario.scheduled(first), "node")


@behaviour("neighbours/terms-mean-their-own-namespace", PLUGIN, needs=NEEDS)
def own_namespace(context: CheckContext) -> None:
    """A term without namespaces means pods of its pod's namespace; an empty namespace selector means all."""
    scenario = Scenario(context)
    scenario.node()
    scenario.scheduled(scenario.pod(labels=CAT))
    scenario.scheduled(scenario.pod(labels=DOG, affinity=apart(term(CAT, namespaces=[context.name()]))))
    everywhere = apart(term(CAT, namespaceSelector={}))
    scenario.waiting(
        scenario.pod(labels=DOG, affinity=everywhere), "1 node(s) didn't match pod anti-affinity rules"
    )
