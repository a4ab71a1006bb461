"""Claims of pods: prepare, unprepare, and everything between that goes wrong."""

import asyncio
from pathlib import Path

import grpc
import pytest
from emulated_node import SYNC_S, EmulatedNode, with_cdi
from recording_driver import DRIVER, RecordingDriver

from kube_emulator.kubelet.claim_cache import ClaimCache
from kube_emulator.kubelet.metrics import CALLS, OPERATIONS, PREPARE_SKIPS, UNPREPARE_SKIPS

PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"


async def test_a_pod_runs_after_its_claims_are_prepared_and_goes_after_they_are_unprepared(
    node_env: EmulatedNode,
) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        claim = node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.phase() == "Running")
        assert driver.calls == [(PREPARE, ["c"])]
        assert driver.uids == [[claim["metadata"]["uid"]]]
        node_env.api.delete("pods", "p", "default")
        await node_env.until(lambda: not node_env.api.find("pods", "p", "default"))
        assert driver.calls[1:] == [(UNPREPARE, ["c"])]
        assert not node_env.running.cache.claims


async def test_all_claims_of_a_driver_come_in_one_call(node_env: EmulatedNode) -> None:
    with_cdi(node_env, "a", "b")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim("a")
        node_env.claim("b")
        node_env.pod(claims=["a", "b"])
        await node_env.until(lambda: node_env.phase() == "Running")
        assert driver.calls == [(PREPARE, ["a", "b"])]


async def test_without_the_driver_nothing_is_noted_and_the_pod_can_go(node_env: EmulatedNode) -> None:
    node_env.claim()
    node_env.pod(claims=["c"])
    why = f"Failed to prepare dynamic resources: prepare dynamic resources: DRA driver {DRIVER} is not registered"
    await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources") == [why])
    assert not node_env.running.cache.claims
    node_env.api.delete("pods", "p", "default")
    await node_env.until(lambda: not node_env.api.find("pods", "p", "default"))


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        ("no power", "NodePrepareResources failed for ResourceClaim c: no power"),
        (grpc.StatusCode.INTERNAL, "NodePrepareResources: rpc error: code = Internal desc = injected"),
    ],
)
async def test_a_failed_prepare_is_an_event_and_repeated(
    node_env: EmulatedNode, failure: str | grpc.StatusCode, why: str
) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node, failures=[failure]) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        assert node_env.events("FailedPrepareDynamicResources")[0].endswith(why)
        await node_env.turn(SYNC_S)
        await node_env.until(lambda: node_env.phase() == "Running")
        assert driver.calls == [(PREPARE, ["c"])] * 2


async def test_when_one_driver_fails_twice_the_other_sees_three_prepares(node_env: EmulatedNode) -> None:
    with_cdi(node_env, "c")
    async with (
        RecordingDriver(node_env.node) as good,
        RecordingDriver(node_env.node, "z.example.com", failures=["x", "x"]),
    ):
        await node_env.registered()
        await node_env.registered("z.example.com")
        node_env.claim(drivers=[DRIVER, "z.example.com"])
        node_env.pod(claims=["c"])
        for _ in range(2):
            await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
            await node_env.turn(SYNC_S)
        await node_env.until(lambda: node_env.phase() == "Running")
        assert good.calls == [(PREPARE, ["c"])] * 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"extra": "stranger"}, "NodePrepareResources returned result for unknown claim UID stranger"),
        ({"skips": True}, "NodePrepareResources skipped 1 ResourceClaims"),
    ],
)
async def test_answers_for_too_many_or_too_few_claims_are_errors(
    node_env: EmulatedNode, answer: dict[str, str], why: str
) -> None:
    async with RecordingDriver(node_env.node, **answer):  # type: ignore[arg-type] # by name
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        assert why in node_env.events("FailedPrepareDynamicResources")[0]


async def test_a_call_is_given_up_after_45_seconds(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        driver.stuck = asyncio.Event()
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: driver.calls)
        await node_env.turn(46)
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        assert "code = DeadlineExceeded" in node_env.events("FailedPrepareDynamicResources")[0]
        assert node_env.kubelet.metrics.count(CALLS, grpc_status_code="DeadlineExceeded") == 1
        driver.stuck.set()


async def test_a_claim_that_is_not_for_the_pod_is_refused(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        claim = node_env.claim()
        pod = node_env.api.create(
            "pods",
            {
                "metadata": {"name": "p", "namespace": "default"},
                "spec": {
                    "nodeName": "node-0",
                    "containers": [{"name": "main", "image": "x"}],
                    "resourceClaims": [{"name": "c", "resourceClaimName": "c"}],
                },
            },
        ).value
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        uids = (pod["metadata"]["uid"], claim["metadata"]["uid"])
        wanted = f"pod p ({uids[0]}) is not allowed to use ResourceClaim c ({uids[1]})"
        assert node_env.events("FailedPrepareDynamicResources")[0].endswith(wanted)
        assert not driver.calls


async def test_a_restarted_kubelet_leaves_what_runs_alone_and_prepares_for_new_pods(
    node_env: EmulatedNode,
) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.phase() == "Running")
        await node_env.kubelet.restart()
        await node_env.rest()
        await node_env.registered()
        assert driver.calls == [(PREPARE, ["c"])]
        assert [claim.prepared for claim in node_env.running.cache.claims.values()] == [False]
        node_env.pod("q", claims=["c"])
        await node_env.until(lambda: node_env.phase("q") == "Running")
        assert driver.calls == [(PREPARE, ["c"])] * 2


async def test_a_reboot_prepares_everything_again(node_env: EmulatedNode) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.phase() == "Running")
        boot = node_env.api.get("nodes", "node-0")["status"]["nodeInfo"]["bootID"]
        await node_env.kubelet.reboot()
        assert not list(node_env.node.cdi_dir.iterdir())
        assert not driver.socket.exists()
        assert ClaimCache(node_env.node.directory).claims
        assert node_env.api.get("nodes", "node-0")["status"]["nodeInfo"]["bootID"] != boot
        assert "has been rebooted, boot id: " in node_env.events("Rebooted")[0]
        await driver.stop()
        await driver.serve()
        await driver.offer()
        with_cdi(node_env, "c")
        await node_env.rest()
        await node_env.registered()
        await node_env.turn(SYNC_S)
        await node_env.until(lambda: driver.calls == [(PREPARE, ["c"])] * 2)
        status = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
        assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 255)


async def test_operations_that_no_device_needs_are_skipped(short_path: Path) -> None:
    async with EmulatedNode(short_path, gates={"DRAOptionalNodeOperations": True}) as node_env:
        node_env.claim(skipNodeOperations=["*"])
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.phase() == "Running")
        node_env.api.delete("pods", "p", "default")
        await node_env.until(lambda: not node_env.phase())
        assert node_env.kubelet.metrics.count(PREPARE_SKIPS, driver_name=DRIVER) == 1
        assert node_env.kubelet.metrics.count(UNPREPARE_SKIPS, driver_name=DRIVER) == 1


async def test_with_the_gate_off_a_skip_is_an_error(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node):
        await node_env.registered()
        node_env.claim(skipNodeOperations=["*"])
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        assert "DRAOptionalNodeOperations" in node_env.events("FailedPrepareDynamicResources")[0]


async def test_operations_and_calls_are_measured(node_env: EmulatedNode) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node, failures=["x"]):
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        await node_env.turn(SYNC_S)
        await node_env.until(lambda: node_env.phase() == "Running")
        count = node_env.kubelet.metrics.count
        assert count(OPERATIONS, operation_name="PrepareResources", is_error="true") == 1
        assert count(OPERATIONS, operation_name="PrepareResources", is_error="false") == 1
        full = "/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/NodePrepareResources"
        assert count(CALLS, driver_name=DRIVER, method_name=full, grpc_status_code="OK") == 2
        assert node_env.running.cache.in_use() == {"<any>": 1, DRIVER: 1}


async def test_a_claim_of_extended_resources_is_prepared_too(node_env: EmulatedNode) -> None:
    with_cdi(node_env, "ext")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim("ext")
        pod = node_env.pod(
            containers=[{"name": "main", "image": "x", "resources": {"limits": {"example.com/gpu": "1"}}}],
            schedulingGates=[],
        )
        mapping = {"containerName": "main", "resourceName": "example.com/gpu", "requestName": "r"}
        extended = {"resourceClaimName": "ext", "requestMappings": [mapping]}
        node_env.reserve("ext", pod)
        status = {**pod.get("status", {}), "extendedResourceClaimStatus": extended}
        node_env.api.update("pods", {**pod, "status": status}, subresource="status")
        await node_env.until(lambda: node_env.phase() == "Running")
        assert driver.calls == [(PREPARE, ["ext"])]
        assert '"GOT": "ext"' in (node_env.node.directory / "containers/default_p/main.json").read_text()
