"""Whatever happens in a cluster: no device is held twice, nobody waits beside a free one, and nothing is left behind."""

import asyncio
from collections import Counter
from typing import cast

import pytest
from control_plane import BareControlPlane, controllers
from hypothesis import given, settings
from hypothesis import strategies as st

from dra_api.objects import DeviceClass, Node, ResourceClaim
from kube_emulator.apiserver.registry import typed
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_37
from kube_emulator.scheduler.framework.allocator import SearchTimeout, search
from kube_emulator.scheduler.framework.inventory import Inventory
from kube_emulator.scheduler.framework.requests import claim_of
from kube_emulator.scheduler.framework.usage import Usage, id_of, results_of
from kube_emulator.scheduler.scheduler import run_scheduler

NODES = ("n0", "n1")
DEVICES = ("a", "b")
STEPS = st.lists(
    st.tuples(st.sampled_from(["run", "end", "delete", "slice", "cordon"]), st.integers(0, 5), st.booleans()),
    max_size=20,
)


def step(plane: BareControlPlane, what: str, number: int, settled: bool) -> None:
    """One thing that happens."""
    pod, node = f"p{number}", NODES[number % 2]
    known = plane.api.find("pods", pod, "default")
    if what == "run" and known is None:
        plane.pod(pod, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}])
    elif what == "end" and known is not None:
        plane.status("pods", pod, phase="Succeeded")
    elif what == "delete" and known is not None:
        plane.api.delete("pods", pod, "default", grace_s=0)
    elif what == "slice" and plane.api.find("resourceslices", f"slice-{node}"):
        plane.api.delete("resourceslices", f"slice-{node}")
    elif what == "slice":
        plane.slice(node, *DEVICES)
    elif what == "cordon":
        plane.api.update("nodes", {**plane.get("nodes", node), "spec": {"unschedulable": settled}})


def check(plane: BareControlPlane) -> None:
    """What always holds once the cluster is settled."""
    claims = typed.claims(plane.api)
    held = Counter(id_of(result) for claim in claims for result in results_of(claim))
    assert not held or max(held.values()) == 1
    pods = {pod["metadata"]["name"]: pod for pod in plane.api.values("pods")}
    live = {name for name, pod in pods.items() if pod["status"].get("phase") != "Succeeded"}
    assert {claim["metadata"]["ownerReferences"][0]["name"] for claim in claims} == live
    for claim in claims:
        pod = pods[claim["metadata"]["ownerReferences"][0]["name"]]
        assert bool(pod["spec"].get("nodeName")) == bool(results_of(claim))
        assert all(result["pool"] == pod["spec"]["nodeName"] for result in results_of(claim))
    offered = {
        node["metadata"]["name"]
        for node in plane.api.values("nodes")
        if not node["spec"].get("unschedulable")
        and plane.api.find("resourceslices", f"slice-{node['metadata']['name']}")
    }
    free = [
        (node, device) for node in offered for device in DEVICES if all((node, device) != i[1:] for i in held)
    ]
    waiting = [name for name in live if not pods[name]["spec"].get("nodeName")]
    assert not (free and waiting)


async def live_through(steps: list[tuple[str, int, bool]]) -> None:
    async with BareControlPlane(controllers, run_scheduler) as plane:
        plane.device_class()
        request = {"name": "r", "exactly": {"deviceClassName": "any"}}
        spec = {"spec": {"devices": {"requests": [request]}}}
        plane.api.create(
            "resourceclaimtemplates", {"metadata": {"name": "t", "namespace": "default"}, "spec": spec}
        )
        for node in NODES:
            plane.node(node)
            plane.slice(node, *DEVICES)
        for what, number, settled in steps:
            step(plane, what, number, settled)
            if settled:
                await plane.settle()
        await plane.settle()
        check(plane)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_devices_and_pods_stay_in_order(steps: list[tuple[str, int, bool]]) -> None:
    asyncio.run(live_through(steps))


def test_a_search_that_takes_too_long_is_ended() -> None:
    plane = BareControlPlane()
    plane.slice("n0", *({"name": f"d{n:02}", "attributes": {"n": {"int": n % 2}}} for n in range(60)))
    plane.claim("c", count=3)
    claim = plane.get("resourceclaims", "c")
    claim = {
        **claim,
        "spec": {
            "devices": {**claim["spec"]["devices"], "constraints": [{"distinctAttribute": "d.example.com/n"}]}
        },
    }
    gates, node = gates_of(V1_37), cast(Node, {"metadata": {"name": "n0"}})
    classes = cast("dict[str, DeviceClass]", {"any": {"metadata": {"name": "any"}}})
    ready = claim_of(cast(ResourceClaim, claim), classes, gates)
    pools = Inventory.of(typed.slices(plane.api), [], gates).pools(node)
    assert search(node, pools, [ready], Usage(), gates) is None
    with pytest.raises(SearchTimeout, match="took too long"):
        search(node, pools, [ready], Usage(), gates, lambda: True)
