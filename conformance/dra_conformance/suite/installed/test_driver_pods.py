"""The driver's own pods: what came with it, and that its end and return on a node disturb neither slices nor pods."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.drivers.descriptor import Installation
from dra_conformance.expectations import Violation, each, expect, expect_soon, not_applicable
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.installed import Installed
from dra_conformance.harness.probe import Inside
from dra_conformance.outcome import EVIDENCE
from dra_conformance.rules.manifests import RULES, Shipped
from dra_conformance.suite.installed.conftest import Site

pytestmark = [tier("cluster"), pytest.mark.xdist_group("slices")]
RBAC, APPS = "/apis/rbac.authorization.k8s.io/v1", "/apis/apps/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
SPACED = {"DaemonSet": f"{APPS}/{{}}/daemonsets", "Deployment": f"{APPS}/{{}}/deployments"}
SPACED |= {"ServiceAccount": "/api/v1/{}/serviceaccounts", "Role": f"{RBAC}/{{}}/roles"}
SPACED |= {"RoleBinding": f"{RBAC}/{{}}/rolebindings"}
WHOLE = {
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
    "ValidatingAdmissionPolicy": f"{ADMISSION}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"{ADMISSION}/validatingadmissionpolicybindings",
    "DeviceClass": "/apis/resource.k8s.io/v1/deviceclasses",
    "Namespace": "/api/v1/namespaces",
}


def installation_of(installed: Installed) -> Installation:
    """Where the driver's pods are.

    Raises:
        NotApplicable: the descriptor does not say.
    """
    found = installed.descriptor.installed
    if found is None:
        not_applicable("the descriptor does not say where the driver is installed")
    return found


def listed(installed: Installed, path: str) -> list[JsonObject]:
    """The objects at PATH that came with the driver."""
    selector = ",".join(f"{name}={value}" for name, value in installation_of(installed).labels.items())
    answer = installed.context.client.send("GET", path, query={"labelSelector": selector})
    return list(answer.expect(200)["items"])


@pytest.mark.parametrize(
    "rule",
    [pytest.param(rule, marks=requirement(name, why=why), id=name) for name, (rule, why) in RULES.items()],
)
def test_installed_objects_follow_the_rule(published: Installed, rule: Any) -> None:
    """The objects that came with the driver follow a rule that can be seen in them."""
    space = f"namespaces/{installation_of(published).namespace}"
    paths = {**{kind: path.format(space) for kind, path in SPACED.items()}, **WHOLE}
    objects = [{**item, "kind": kind} for kind, path in paths.items() for item in listed(published, path)]
    if not any(item["kind"] in SPACED for item in objects):
        not_applicable(f"no workload in {space} has the labels of the descriptor")
    shipped = Shipped(tuple(objects), published.driver, published.descriptor.oldest_kubernetes)
    each(list(rule(shipped)), wanted=rule.__doc__, where="installed objects")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What was recorded while the driver's pod of a node was deleted and another one came.

    Attributes:
        failure: why it did not come back; empty if it did.
        before, after: the slices of the node.
        kept: whether the pod that had a device went on.
        first, later: what it was given, and what a pod of the same claim was given later.
        gone: why the pods did not go; empty if they did.
    """

    failure: str
    before: list[JsonObject]
    after: list[JsonObject]
    kept: bool
    first: frozenset[str]
    later: frozenset[str]
    gone: str
    steps: tuple[dict[str, Any], ...]


def attempt(step: Callable[[], object]) -> str:
    """Why STEP was a violation; empty if it was none."""
    try:
        step()
    except Violation as error:
        return str(error)
    return ""


def replace_driver_pod(installed: Installed, node: str) -> None:
    """Delete the driver's pod on NODE and wait until another one is ready.

    Raises:
        NotApplicable: none is found.
        Violation: none comes.
    """
    path = f"/api/v1/namespaces/{installation_of(installed).namespace}/pods"

    def pods() -> list[JsonObject]:
        return [item for item in listed(installed, path) if item["spec"].get("nodeName") == node]

    old = {item["metadata"]["uid"]: item["metadata"]["name"] for item in pods()}
    if not old:
        not_applicable(f"no pod with the labels of the descriptor is on node {node}")
    for name in old.values():
        installed.context.client.send("DELETE", f"{path}/{name}").expect(200)

    def ready() -> bool:
        new = [item for item in pods() if item["metadata"]["uid"] not in old]
        conditions = [one for item in new for one in item.get("status", {}).get("conditions", [])]
        return (
            len(new) == len(pods()) > 0
            and all(one["status"] == "True" for one in conditions if one["type"] in ("Ready", "PodScheduled"))
            and any(one["type"] == "Ready" for one in conditions)
        )

    expect_soon(
        ready,
        within_s=installed.limit_s + installed.descriptor.budgets.stop_seconds,
        wanted="another pod of the driver that is ready",
        found=lambda: [item.get("status", {}).get("containerStatuses") for item in pods()],
        where=f"node {node}",
    )


@pytest.fixture(scope="session")
def recorded(site: Site, working: None, plain: Inside) -> Returned:
    """The driver's pod of a node is deleted and comes back, once for all checks."""
    evidence = Evidence()
    with ExitStack() as stack:
        installed = site.installed(stack, evidence)
        node = installed.require_devices(1)[0].node

        def slices() -> list[JsonObject]:
            return [item for item in installed.slices() if item["spec"].get("nodeName") == node]

        claim = installed.claim()
        pod = installed.pod_with(claim, node=node)
        first = installed.seen_by(pod)["main"].beyond(plain)
        before = slices()
        failure = attempt(lambda: replace_driver_pod(installed, node))
        second = installed.pod_with(claim, node=node)
        later: list[frozenset[str]] = []
        failure = failure or attempt(lambda: later.append(installed.seen_by(second)["main"].beyond(plain)))
        after, kept = slices(), installed.phase(pod) == "Running"
        gone = attempt(lambda: installed.end(pod)) or attempt(lambda: installed.end(second))
        return Returned(
            failure=failure,
            before=before,
            after=after,
            kept=kept,
            first=first,
            later=later[0] if later else frozenset(),
            gone=gone,
            steps=evidence.take(),
        )


@pytest.fixture
def returned(recorded: Returned, request: pytest.FixtureRequest) -> Returned:
    """What was recorded, with its steps as evidence."""
    evidence = Evidence()
    evidence.replay(recorded.steps)
    request.node.stash[EVIDENCE] = evidence
    return recorded


@requirement("REC-012", "REG-024", why="a node stays without a driver until somebody cleans it up")
def test_the_driver_comes_back(returned: Returned) -> None:
    """After its pod was deleted another one gets ready, and a pod with a claim runs."""
    expect(not returned.failure, wanted="back", found=returned.failure, where="the driver's pod")


@requirement("SHUT-003", "RSL-029", why="pods wait while the driver is updated")
def test_the_slices_stay(returned: Returned) -> None:
    """The slices of the node are the same objects before and after."""
    seen = [sorted(item["metadata"]["uid"] for item in found) for found in (returned.before, returned.after)]
    expect(seen[0] == seen[1], wanted=seen[0], found=seen[1], where="UIDs of slices")


@requirement("DIS-002", "DIS-004", why="claims name devices that mean something else after an update")
def test_the_devices_stay_the_same(returned: Returned) -> None:
    """Each device has the name, attributes and capacity that it had."""

    def devices(found: list[JsonObject]) -> dict[str, JsonObject]:
        return {
            f"{item['spec']['pool']['name']}/{one['name']}": {**one, "taints": None}
            for item in found
            for one in item["spec"].get("devices") or []
        }

    before, after = devices(returned.before), devices(returned.after)
    expect(before == after, wanted=before, found=after, where="devices")


@requirement(
    "SHUT-004", "REC-007", "IDEM-006", why="an update of the driver takes the devices of running pods"
)
def test_what_was_prepared_stays(returned: Returned) -> None:
    """The pod goes on, and a pod that uses its claim later gets what the first one was given."""
    expect(returned.kept, wanted="Running", found="ended", where="the pod with a device")
    same = returned.first == returned.later
    expect(
        same, wanted=sorted(returned.first), found=sorted(returned.later), where="a later pod of the claim"
    )


@requirement("REC-001", "UNPR-010", why="pods hang after each update of the driver")
def test_the_next_process_unprepares(returned: Returned) -> None:
    """Pods whose claim the former process had prepared are gone when they are deleted."""
    expect(not returned.gone, wanted="gone", found=returned.gone, where="pods of before")
