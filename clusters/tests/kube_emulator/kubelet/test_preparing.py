"""Claims of pods: prepare, unprepare, and everything between that goes wrong."""

import asyncio
from pathlib import Path

import grpc
import pytest
from emulated_node import DRIVER, ADriver, ANode

from kube_emulator.kubelet.claim_cache import ClaimCache
from kube_emulator.kubelet.metrics import CALLS, OPERATIONS, PREPARE_SKIPS, UNPREPARE_SKIPS

PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"
SYNC_S = 16.0
"""Longer than the pause after a failed sync."""


def with_cdi(world: ANode, *names: str) -> None:
    """A CDI file with a device for each claim of NAMES."""
    devices = ", ".join(
        f'{{"name": "{name}", "containerEdits": {{"env": ["GOT={name}"]}}}}' for name in names
    )
    text = f'{{"cdiVersion": "0.6.0", "kind": "example.com/gpu", "devices": [{devices}]}}'
    (world.node.cdi_dir / "gpu.json").write_text(text)


async def test_a_pod_runs_after_its_claims_are_prepared_and_goes_after_they_are_unprepared(
    world: ANode,
) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as driver:
        await world.registered()
        claim = world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.phase() == "Running")
        assert driver.calls == [(PREPARE, ["c"])]
        assert driver.uids == [[claim["metadata"]["uid"]]]
        world.api.delete("pods", "p", "default")
        await world.until(lambda: not world.api.find("pods", "p", "default"))
        assert driver.calls[1:] == [(UNPREPARE, ["c"])]
        assert not world.life.cache.claims


async def test_all_claims_of_a_driver_come_in_one_call(world: ANode) -> None:
    with_cdi(world, "a", "b")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim("a")
        world.claim("b")
        world.pod(claims=["a", "b"])
        await world.until(lambda: world.phase() == "Running")
        assert driver.calls == [(PREPARE, ["a", "b"])]


async def test_without_the_driver_nothing_is_noted_and_the_pod_can_go(world: ANode) -> None:
    world.claim()
    world.pod(claims=["c"])
    why = f"Failed to prepare dynamic resources: prepare dynamic resources: DRA driver {DRIVER} is not registered"
    await world.until(lambda: world.events("FailedPrepareDynamicResources") == [why])
    assert not world.life.cache.claims
    world.api.delete("pods", "p", "default")
    await world.until(lambda: not world.api.find("pods", "p", "default"))


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        ("no power", "NodePrepareResources failed for ResourceClaim c: no power"),
        (grpc.StatusCode.INTERNAL, "NodePrepareResources: rpc error: code = Internal desc = as told"),
    ],
)
async def test_a_failed_prepare_is_told_and_repeated(
    world: ANode, failure: str | grpc.StatusCode, why: str
) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node, failures=[failure]) as driver:
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        assert world.events("FailedPrepareDynamicResources")[0].endswith(why)
        await world.turn(SYNC_S)
        await world.until(lambda: world.phase() == "Running")
        assert driver.calls == [(PREPARE, ["c"])] * 2


async def test_when_one_driver_fails_twice_the_other_sees_three_prepares(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as good, ADriver(world.node, "z.example.com", failures=["x", "x"]):
        await world.registered()
        await world.registered("z.example.com")
        world.claim(drivers=[DRIVER, "z.example.com"])
        world.pod(claims=["c"])
        for _ in range(2):
            await world.until(lambda: world.events("FailedPrepareDynamicResources"))
            await world.turn(SYNC_S)
        await world.until(lambda: world.phase() == "Running")
        assert good.calls == [(PREPARE, ["c"])] * 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"extra": "stranger"}, "NodePrepareResources returned result for unknown claim UID stranger"),
        ({"skips": True}, "NodePrepareResources skipped 1 ResourceClaims"),
    ],
)
async def test_answers_for_too_many_or_too_few_claims_are_errors(
    world: ANode, answer: dict[str, str], why: str
) -> None:
    async with ADriver(world.node, **answer):  # type: ignore[arg-type] # by name
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        assert why in world.events("FailedPrepareDynamicResources")[0]


async def test_a_call_is_given_up_after_45_seconds(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        driver.stuck = asyncio.Event()
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: driver.calls)
        await world.turn(46)
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        assert "code = DeadlineExceeded" in world.events("FailedPrepareDynamicResources")[0]
        assert world.kubelet.metrics.count(CALLS, grpc_status_code="DeadlineExceeded") == 1
        driver.stuck.set()


async def test_a_claim_that_is_not_for_the_pod_is_refused(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        await world.registered()
        claim = world.claim()
        pod = world.api.create(
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
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        uids = (pod["metadata"]["uid"], claim["metadata"]["uid"])
        wanted = f"pod p ({uids[0]}) is not allowed to use ResourceClaim c ({uids[1]})"
        assert world.events("FailedPrepareDynamicResources")[0].endswith(wanted)
        assert not driver.calls


async def test_a_shared_claim_is_prepared_once_and_unprepared_with_its_last_pod(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim()
        for name in ("p", "q"):
            world.pod(name, claims=["c"])
            await world.until(lambda name=name: world.phase(name) == "Running")  # type: ignore[misc] # a default
        assert driver.calls == [(PREPARE, ["c"])]
        for name, count in (("p", 1), ("q", 2)):
            world.api.delete("pods", name, "default")
            await world.until(lambda name=name: not world.phase(name))  # type: ignore[misc] # a default
            assert len(driver.calls) == count


async def test_a_pod_that_was_never_prepared_is_unprepared_when_the_driver_was_asked(world: ANode) -> None:
    async with ADriver(world.node, failures=["x"] * 9) as driver:
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: driver.calls)
        driver.failures.clear()
        world.api.delete("pods", "p", "default")
        await world.until(lambda: not world.phase())
        assert driver.calls[-1] == (UNPREPARE, ["c"])


async def test_a_failed_unprepare_keeps_the_pod(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.phase() == "Running")
        driver.failures.append("busy")
        world.api.delete("pods", "p", "default")
        await world.until(lambda: len(driver.calls) == 2)
        await world.rest()
        assert world.phase() == "Running"
        await world.turn(SYNC_S)
        await world.until(lambda: not world.phase())
        assert driver.calls[1:] == [(UNPREPARE, ["c"])] * 2


async def test_a_pod_deleted_by_force_while_the_kubelet_was_down_is_cleaned_up(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.phase() == "Running")
        await world.kubelet.stop()
        world.api.delete("pods", "p", "default", grace_s=0)
        world.kubelet.start()
        await world.rest()
        await world.registered()
        assert driver.calls == [(PREPARE, ["c"])]
        await world.turn(60)
        await world.until(lambda: driver.calls[1:] == [(UNPREPARE, ["c"])])


async def test_a_claim_of_the_same_name_waits_for_the_old_one(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim()
        world.pod("old", claims=["c"])
        await world.until(lambda: world.phase("old") == "Running")
        driver.failures = ["busy"]
        world.api.delete("pods", "old", "default", grace_s=0)
        world.api.delete("resourceclaims", "c", "default")
        await world.until(lambda: len(driver.calls) == 2)
        new = world.claim()["metadata"]["uid"]
        world.pod("new", claims=["c"])
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        assert "old ResourceClaim with same name c and different UID" in str(
            world.events("FailedPrepareDynamicResources")
        )
        await world.turn(SYNC_S)
        await world.until(lambda: all(one.uid == new for one in world.life.cache.claims.values()))
        await world.turn(SYNC_S)
        await world.until(lambda: world.phase("new") == "Running")


async def test_a_restarted_kubelet_leaves_what_runs_alone_and_prepares_for_new_pods(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.phase() == "Running")
        await world.kubelet.restart()
        await world.rest()
        await world.registered()
        assert driver.calls == [(PREPARE, ["c"])]
        assert [claim.prepared for claim in world.life.cache.claims.values()] == [False]
        world.pod("q", claims=["c"])
        await world.until(lambda: world.phase("q") == "Running")
        assert driver.calls == [(PREPARE, ["c"])] * 2


async def test_a_reboot_prepares_everything_again(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.phase() == "Running")
        boot = world.api.get("nodes", "node-0")["status"]["nodeInfo"]["bootID"]
        await world.kubelet.reboot()
        assert not list(world.node.cdi_dir.iterdir())
        assert not driver.socket.exists()
        assert ClaimCache(world.node.directory).claims
        assert world.api.get("nodes", "node-0")["status"]["nodeInfo"]["bootID"] != boot
        assert "has been rebooted, boot id: " in world.events("Rebooted")[0]
        await driver.stop()
        await driver.serve()
        await driver.offer()
        with_cdi(world, "c")
        await world.rest()
        await world.registered()
        await world.turn(SYNC_S)
        await world.until(lambda: driver.calls == [(PREPARE, ["c"])] * 2)
        status = world.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
        assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 255)


async def test_operations_that_no_device_needs_are_skipped(short_path: Path) -> None:
    async with ANode(short_path, gates={"DRAOptionalNodeOperations": True}) as world:
        world.claim(skipNodeOperations=["*"])
        world.pod(claims=["c"])
        await world.until(lambda: world.phase() == "Running")
        world.api.delete("pods", "p", "default")
        await world.until(lambda: not world.phase())
        assert world.kubelet.metrics.count(PREPARE_SKIPS, driver_name=DRIVER) == 1
        assert world.kubelet.metrics.count(UNPREPARE_SKIPS, driver_name=DRIVER) == 1


async def test_with_the_gate_off_a_skip_is_an_error(world: ANode) -> None:
    async with ADriver(world.node):
        await world.registered()
        world.claim(skipNodeOperations=["*"])
        world.pod(claims=["c"])
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        assert "DRAOptionalNodeOperations" in world.events("FailedPrepareDynamicResources")[0]


async def test_operations_and_calls_are_measured(world: ANode) -> None:
    with_cdi(world, "c")
    async with ADriver(world.node, failures=["x"]):
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        await world.turn(SYNC_S)
        await world.until(lambda: world.phase() == "Running")
        count = world.kubelet.metrics.count
        assert count(OPERATIONS, operation_name="PrepareResources", is_error="true") == 1
        assert count(OPERATIONS, operation_name="PrepareResources", is_error="false") == 1
        full = "/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/NodePrepareResources"
        assert count(CALLS, driver_name=DRIVER, method_name=full, grpc_status_code="OK") == 2
        assert world.life.cache.in_use() == {"<any>": 1, DRIVER: 1}


async def test_a_claim_of_extended_resources_is_prepared_too(world: ANode) -> None:
    with_cdi(world, "ext")
    async with ADriver(world.node) as driver:
        await world.registered()
        world.claim("ext")
        pod = world.pod(
            containers=[{"name": "main", "image": "x", "resources": {"limits": {"example.com/gpu": "1"}}}],
            schedulingGates=[],
        )
        mapping = {"containerName": "main", "resourceName": "example.com/gpu", "requestName": "r"}
        extended = {"resourceClaimName": "ext", "requestMappings": [mapping]}
        world.reserve("ext", pod)
        status = {**pod.get("status", {}), "extendedResourceClaimStatus": extended}
        world.api.update("pods", {**pod, "status": status}, subresource="status")
        await world.until(lambda: world.phase() == "Running")
        assert driver.calls == [(PREPARE, ["ext"])]
        assert '"GOT": "ext"' in (world.node.directory / "containers/default_p/main.json").read_text()
