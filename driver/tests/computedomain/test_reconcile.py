"""What the controller of ComputeDomains does next, from what exists."""

from typing import Any, cast

import pytest

from dra_api.objects import JsonObject, Node, Pod, ResourceClaim
from dra_driver.computedomain.names import CLIQUE_LABEL, DOMAIN_LABEL, DRIVER, FINALIZER
from dra_driver.computedomain.objects import ComputeDomain, ComputeDomainClique
from dra_driver.computedomain.reconcile import (
    Action,
    Create,
    Delete,
    DropFinalizer,
    RemoveLabel,
    Seen,
    SetDaemons,
    SetFinalizers,
    WriteStatus,
    plan,
    waits_unseen,
)
from dra_driver.computedomain.wanted import DaemonPods, daemon_set, daemon_template, workload_template

PODS = DaemonPods(namespace="dra", image="driver:1")
NOW = "2026-11-28T00:00:00Z"


def domain(*, wanted: int = 0, finalizers: tuple[str, ...] = (FINALIZER,), **metadata: Any) -> ComputeDomain:
    """A domain ``job`` of the namespace ``team``."""
    found: JsonObject = {
        "metadata": {
            "name": "job",
            "namespace": "team",
            "uid": "u1",
            "finalizers": list(finalizers),
            **metadata,
        },
        "spec": {"numNodes": wanted, "channel": {"resourceClaimTemplate": {"name": "job-channel"}}},
    }
    return cast(ComputeDomain, found)


def pod(node: str, clique: str | None = "c.1", *, ready: bool = True) -> Pod:
    """A daemon's pod."""
    labels = {DOMAIN_LABEL: "u1"} | ({CLIQUE_LABEL: clique} if clique is not None else {})
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    found: JsonObject = {
        "metadata": {"name": f"daemon-{node}", "labels": labels},
        "spec": {"nodeName": node, "containers": []},
        "status": {"conditions": [condition], "podIP": "10.0.0.9"},
    }
    return cast(Pod, found)


def clique(**states: str) -> ComputeDomainClique:
    """A clique with a daemon on each node."""
    daemons = [
        {"nodeName": node, "ipAddress": f"10.0.0.{index}", "cliqueID": "c.1", "index": index, "status": state}
        for index, (node, state) in enumerate(states.items())
    ]
    return cast(ComputeDomainClique, {"metadata": {"name": "u1.c.1"}, "daemons": daemons})


def complete(of: ComputeDomain, **more: Any) -> Seen:
    """A domain with everything that is made for it."""
    made = {
        "workload_template": workload_template(of),
        "daemon_template": daemon_template(of, PODS),
        "daemon_set": daemon_set(of, PODS),
    }
    return Seen(domain=of, **{**made, **more})


def status_in(actions: list[Action]) -> JsonObject:
    """The status that is written."""
    [found] = [action.status for action in actions if isinstance(action, WriteStatus)]
    return cast(JsonObject, found)


def condition(status: JsonObject, kind: str) -> tuple[str, str, str]:
    """(status, reason, message)."""
    [found] = [one for one in status["conditions"] if one["type"] == kind]
    return found["status"], found["reason"], found["message"]


def test_a_new_domain_gets_its_finalizer_before_anything_is_made() -> None:
    actions = plan(Seen(domain=domain(finalizers=())), PODS, NOW)
    assert actions[0] == SetFinalizers((FINALIZER,))
    made = [(a.item["kind"], a.item["metadata"]["namespace"]) for a in actions if isinstance(a, Create)]
    assert made == [("ResourceClaimTemplate", "dra"), ("DaemonSet", "dra"), ("ResourceClaimTemplate", "team")]


def test_the_templates_name_the_domain_in_their_parameters() -> None:
    device = workload_template(domain())["spec"]["spec"]["devices"]
    parameters = device["config"][0]["opaque"]["parameters"]
    assert (parameters["kind"], parameters["domainID"], parameters["allocationMode"]) == (
        *("ComputeDomainChannelConfig", "u1", "Single"),
    )
    assert device["requests"][0]["exactly"]["deviceClassName"] == "compute-domain-default-channel.nvidia.com"


def test_what_was_deleted_by_hand_is_made_again() -> None:
    actions = plan(complete(domain(), daemon_set=None), PODS, NOW)
    assert [a.item["kind"] for a in actions if isinstance(a, Create)] == ["DaemonSet"]


def test_nothing_is_written_when_nothing_changed() -> None:
    first = complete(domain(), cliques=[clique(a="Ready")], pods=[pod("a")])
    status = status_in(plan(first, PODS, NOW))
    again = cast(ComputeDomain, {**first.domain, "status": status})
    assert plan(complete(again, cliques=first.cliques, pods=first.pods), PODS, "later") == []


@pytest.mark.parametrize(
    ("wanted", "cliques", "pods", "expected"),
    [
        (0, [], [], ("True", "NoNodesYet")),
        (2, [clique(a="Ready")], [pod("a"), pod("b", None)], ("False", "WaitingForNodes")),
        (2, [clique(a="Ready", b="NotReady")], [pod("a"), pod("b")], ("False", "NodesNotReady")),
        (2, [clique(a="Ready", b="Ready")], [pod("a"), pod("b")], ("True", "NodesReady")),
        (1, [], [pod("outside", "")], ("True", "NodesReady")),
        (1, [], [pod("outside", "", ready=False)], ("False", "NodesNotReady")),
    ],
)
def test_a_domain_is_ready_when_the_nodes_it_wants_are(
    wanted: int, cliques: list[ComputeDomainClique], pods: list[Pod], expected: tuple[str, str]
) -> None:
    status = status_in(plan(complete(domain(wanted=wanted), cliques=cliques, pods=pods), PODS, NOW))
    assert condition(status, "Ready")[:2] == expected
    assert status["status"] == ("Ready" if expected[0] == "True" else "NotReady")


def test_a_node_outside_any_fabric_has_no_clique_and_the_index_minus_one() -> None:
    status = status_in(plan(complete(domain(), pods=[pod("outside", "")]), PODS, NOW))
    assert status["nodes"] == [
        {"name": "outside", "ipAddress": "10.0.0.9", "cliqueID": "", "index": -1, "status": "Ready"}
    ]


def test_a_node_that_was_lost_leaves_the_status_and_its_clique() -> None:
    seen = complete(domain(), cliques=[clique(a="Ready", b="Ready")], pods=[pod("a")])
    actions = plan(seen, PODS, NOW)
    assert [node["name"] for node in status_in(actions)["nodes"]] == ["a"]
    assert [a.nodes for a in actions if isinstance(a, SetDaemons)] == [frozenset({"a"})]


def test_the_template_of_somebody_else_is_left_alone_and_the_condition_says_what_to_do() -> None:
    foreign = {"kind": "ResourceClaimTemplate", "metadata": {"name": "job-channel", "namespace": "team"}}
    actions = plan(complete(domain(), workload_template=foreign), PODS, NOW)
    assert not [a for a in actions if isinstance(a, Create | Delete)]
    value, reason, message = condition(status_in(actions), "Accepted")
    assert (value, reason) == ("False", "Rejected")
    assert "team/job-channel exists and was not made for this domain; delete it, or" in message


def claim(uid: str) -> ResourceClaim:
    """A claim that was allocated a channel of a domain."""
    config = {"opaque": {"driver": DRIVER, "parameters": {"domainID": uid}}}
    allocation = {"devices": {"config": [config]}}
    found = {"metadata": {"name": f"of-{uid}"}, "status": {"allocation": allocation}}
    return cast(ResourceClaim, found)


def test_a_deletion_waits_for_the_claims_of_the_domain_and_for_no_others() -> None:
    leaving = domain(deletionTimestamp=NOW)
    seen = complete(leaving, claims=[claim("u1"), claim("u2")], pods=[pod("a")])
    actions = plan(seen, PODS, NOW)
    assert [a.item["metadata"]["name"] for a in actions if isinstance(a, Delete)] == ["job-channel"]
    value, reason, message = condition(status_in(actions), "Terminating")
    assert (value, reason) == ("True", "InUse")
    assert "1 claims use the domain: of-u1" in message


def test_daemons_go_before_the_labels_of_nodes_and_the_finalizer_goes_last() -> None:
    leaving = domain(deletionTimestamp=NOW, finalizers=("other", FINALIZER))
    node = cast(Node, {"metadata": {"name": "a"}})
    with_daemons = plan(complete(leaving, workload_template=None, pods=[pod("a")], nodes=[node]), PODS, NOW)
    assert [a.item["kind"] for a in with_daemons if isinstance(a, Delete)] == [
        "DaemonSet",
        "ResourceClaimTemplate",
    ]
    assert condition(status_in(with_daemons), "Terminating")[1] == "DaemonsRunning"
    assert plan(Seen(domain=leaving, nodes=[node]), PODS, NOW) == [
        RemoveLabel("a"),
        SetFinalizers(("other",)),
    ]


def test_a_template_of_the_same_name_that_is_not_ours_survives_the_deletion() -> None:
    foreign = {"kind": "ResourceClaimTemplate", "metadata": {"name": "job-channel", "namespace": "team"}}
    leaving = domain(deletionTimestamp=NOW)
    actions = plan(Seen(domain=leaving, workload_template=foreign), PODS, NOW)
    assert actions == [SetFinalizers(())]


def test_a_node_whose_kubelet_does_not_answer_is_not_ready_whatever_its_daemon_wrote() -> None:
    lost = cast(
        Node,
        {
            "metadata": {"name": "b"},
            "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
        },
    )
    outside = pod("c", "")
    seen = complete(
        domain(), cliques=[clique(a="Ready", b="Ready")], pods=[pod("a"), pod("b"), outside], nodes=[lost]
    )
    value, reason, message = condition(status_in(plan(seen, PODS, NOW)), "Ready")
    assert (value, reason, message) == ("False", "NodesNotReady", "not ready on 1 of 3 nodes: b")


def test_a_node_that_a_full_clique_leaves_out_is_named_with_what_to_do() -> None:
    pods = DaemonPods(namespace="dra", image="driver:1", max_nodes=2)
    full = [clique(a="Ready", b="Ready")]
    waiting = [pod("a"), pod("b"), pod("late"), pod("unknown", None), pod("other", "c.2")]
    value, reason, message = condition(
        status_in(plan(complete(domain(), cliques=full, pods=waiting), pods, NOW)), "Ready"
    )
    assert (value, reason) == ("False", "CliqueFull")
    assert message.startswith(
        "clique c.1 has 2 nodes, the most of one IMEX domain; late cannot join: use fewer"
    )


def test_more_nodes_than_the_cluster_has_are_said_at_once_and_looked_at_again() -> None:
    seen = complete(domain(wanted=5), plugins=4)
    value, reason, message = condition(status_in(plan(seen, PODS, NOW)), "Ready")
    assert (value, reason) == ("False", "TooFewNodes")
    assert message.startswith(
        "wanted 5 nodes, and 4 have the kubelet plugin of ComputeDomains; add nodes, or"
    )
    assert waits_unseen(seen)
    assert not waits_unseen(complete(domain(wanted=4), plugins=4))


def test_a_template_name_that_is_taken_is_looked_at_again() -> None:
    foreign = {"kind": "ResourceClaimTemplate", "metadata": {"name": "job-channel", "namespace": "team"}}
    assert waits_unseen(complete(domain(), workload_template=foreign, plugins=1))


def test_finalizers_that_another_controller_left_do_not_hold_a_deletion_up() -> None:
    leaving = domain(deletionTimestamp=NOW)

    def left(item: JsonObject, **metadata: Any) -> JsonObject:
        return {**item, "metadata": {**item["metadata"], "finalizers": ["other", FINALIZER], **metadata}}

    seen = complete(
        leaving,
        workload_template=left(workload_template(leaving)),
        daemon_template=None,
        daemon_set=left(daemon_set(leaving, PODS), deletionTimestamp=NOW),
    )
    actions = [action for action in plan(seen, PODS, NOW) if not isinstance(action, WriteStatus)]
    kinds = [(type(action).__name__, action.item["kind"]) for action in actions if hasattr(action, "item")]
    assert kinds == [
        ("Delete", "ResourceClaimTemplate"),
        ("DropFinalizer", "ResourceClaimTemplate"),
        ("DropFinalizer", "DaemonSet"),
    ]
    assert isinstance(actions[-1], DropFinalizer)
