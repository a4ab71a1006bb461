"""Why a claim gets no devices."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from control_plane import DRIVER, BareControlPlane

from dra_api.objects import DeviceClass, Node, ResourceClaim
from dra_clusters.cli import main
from dra_clusters.embedded import EmbeddedProvider
from dra_clusters.provider import ClusterOptions
from kube_emulator.apiserver.registry.typed import claims, slices, taint_rules
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_37
from kube_emulator.scheduler.framework.explain import Explanation, explain


def explained(plane: BareControlPlane, name: str = "c") -> Explanation:
    api = plane.api
    return explain(
        cast(ResourceClaim, plane.get("resourceclaims", name)),
        nodes=cast("list[Node]", api.values("nodes")),
        slices=slices(api),
        classes=cast("list[DeviceClass]", api.values("deviceclasses")),
        claims=claims(api),
        rules=taint_rules(api),
        gates=gates_of(V1_37),
    )


def reasons(plane: BareControlPlane) -> dict[str, str]:
    """{device: reason}."""
    return {verdict.device.rpartition("/")[2]: verdict.reason for verdict in explained(plane).verdicts}


def cluster_with(*devices: Any, **spec: Any) -> BareControlPlane:
    plane = BareControlPlane()
    plane.device_class()
    plane.node("n1")
    plane.slice("n1", *devices, **spec)
    return plane


def test_every_device_has_its_reason() -> None:
    taint = {"key": "broken", "effect": "NoSchedule"}
    plane = cluster_with(
        "free",
        "used",
        {"name": "sick", "taints": [taint]},
        {"name": "other", "attributes": {"n": {"int": 1}}},
    )
    plane.claim("holder")
    result = {"request": "r", "driver": DRIVER, "pool": "n1", "device": "used"}
    plane.status("resourceclaims", "holder", allocation={"devices": {"results": [result]}})
    expression = f'!has(device.attributes["{DRIVER}"].n)'
    plane.claim("c", selectors=[{"cel": {"expression": expression}}])
    assert reasons(plane) == {
        "free": "",
        "used": "is in use by claim default/holder",
        "sick": "has taint broken:NoSchedule",
        "other": f"claim default/c: selector #0 is false: {expression}",
    }


def test_missing_devices_are_counted() -> None:
    plane = cluster_with("a", "b")
    plane.claim("c", count=3)
    found = explained(plane)
    assert found.summary == "fits on 0 of 1 nodes now"
    assert found.nodes == (("n1", "request r wants 3 devices of class any: 2 are selected, 2 fit"),)


def test_nodes_that_fit_are_listed() -> None:
    plane = cluster_with("a")
    plane.node("n2")
    plane.claim("c")
    found = explained(plane)
    assert (found.fits, found.nodes) == (
        ("n1",),
        (("n2", "request r wants 1 device of class any: 0 are selected, 0 fit"),),
    )


def test_an_incomplete_pool_is_the_reason() -> None:
    plane = cluster_with("a", pool={"name": "n1", "generation": 3, "resourceSliceCount": 2})
    plane.claim("c")
    assert reasons(plane) == {"n1": "the pool is incomplete: 1 of 2 slices of generation 3 are there"}


def test_the_missing_amount_of_a_counter_is_the_reason() -> None:
    takes = [{"counterSet": "set", "counters": {"n": {"value": "3"}}}]
    plane = cluster_with(
        {"name": "a", "consumesCounters": takes},
        pool={"name": "n1", "generation": 1, "resourceSliceCount": 2},
    )
    plane.slice(
        "n1-c",
        pool={"name": "n1", "generation": 1, "resourceSliceCount": 2},
        nodeName="n1",
        sharedCounters=[{"name": "set", "counters": {"n": {"value": "2"}}}],
        devices=None,
    )
    plane.claim("c")
    assert reasons(plane)["a"] == "counter set/n is short by 1"


def test_a_constraint_that_devices_cannot_meet_together_is_the_reason() -> None:
    plane = cluster_with(*({"name": f"d{n}", "attributes": {"n": {"int": n}}} for n in range(2)))
    spec = {
        "requests": [{"name": "r", "exactly": {"deviceClassName": "any", "count": 2}}],
        "constraints": [{"matchAttribute": f"{DRIVER}/n"}],
    }
    plane.api.create(
        "resourceclaims", {"metadata": {"name": "c", "namespace": "default"}, "spec": {"devices": spec}}
    )
    [(_, reason)] = explained(plane).nodes
    assert (
        reason == f"each request finds devices, but with matchAttribute {DRIVER}/n not all of them together"
    )


def test_a_missing_class_is_the_reason() -> None:
    plane = cluster_with("a")
    plane.claim("c", deviceClassName="nope")
    assert (
        explained(plane).summary
        == "cannot be allocated anywhere: request r: device class nope does not exist"
    )


@pytest.mark.slow
def test_the_command_asks_the_cluster_of_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = EmbeddedProvider().up(ClusterOptions(directory=tmp_path / "c", parts=frozenset({"api"})))
    try:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        make_claim(cluster.kubeconfig)
        assert main(["explain", "c", "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert found["summary"] == "cannot be allocated anywhere: request r: device class any does not exist"
        assert main(["explain", "c"]) == 1
        assert "resource claim default/c cannot be allocated anywhere" in capsys.readouterr().out
        assert main(["explain", "nope"]) == 2
        assert "there is no resource claim nope in namespace default" in capsys.readouterr().err
    finally:
        cluster.down()


def make_claim(kubeconfig: Path) -> None:
    """Claim c in the cluster of KUBECONFIG."""
    from kubernetes import client, config

    connect: Any = config.new_client_from_config  # the client ships no types
    api = connect(str(kubeconfig))
    request = {"name": "r", "exactly": {"deviceClassName": "any"}}
    body = {"metadata": {"name": "c"}, "spec": {"devices": {"requests": [request]}}}
    client.CustomObjectsApi(api).create_namespaced_custom_object(
        "resource.k8s.io", "v1", "default", "resourceclaims", body
    )
    api.close()
