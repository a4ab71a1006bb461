"""The suite as a Job in the cluster, by its manifest: with the least rights, and with its report in a ConfigMap."""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from story import wait_until

from dra_clusters.choose import start_cluster
from dra_clusters.provider import AuthorizingCluster, ClusterOptions
from dra_clusters.raw_client import RawClient

pytestmark = pytest.mark.slow
SCRIPTS = Path(sys.executable).parent
MANIFEST = Path(__file__).parents[1] / "conformance/deploy/job.yaml"
DRIVER, NODE, SPACE = "widget.dra-conformance.dev", "node-0", "dra-conformance"
USER = f"system:serviceaccount:{SPACE}:{SPACE}"
SLICES = "/apis/resource.k8s.io/v1/resourceslices"
MAPS = f"/api/v1/namespaces/{SPACE}/configmaps"
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"
LIMIT_S = 600
DESCRIPTOR = {
    "schema": "dra-conformance/driver/v1",
    "name": "widget",
    "driver": DRIVER,
    "deviceClass": {"name": "widget", "types": ["widget"]},
}
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Role": f"{RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"{RBAC}/namespaces/{{}}/rolebindings",
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
}


ONCE = ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


@pytest.fixture(scope="module")
def cluster() -> Iterator[AuthorizingCluster]:
    """A cluster with RBAC and one node; its folder's name is short, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        options = ClusterOptions(directory=Path(folder), nodes=(NODE,), rbac=True)
        with start_cluster(options) as cluster:
            assert isinstance(cluster, AuthorizingCluster)
            yield cluster


@pytest.fixture(scope="module")
def client(cluster: AuthorizingCluster) -> Iterator[RawClient]:
    with RawClient(cluster.kubeconfig) as client:
        for item in manifest(*ONCE):
            client.send("POST", PATHS[item["kind"]].format(SPACE), item).expect(201)
        yield client


def manifest(*kinds: str, pod_s: int = 60) -> list[Any]:
    """The objects of these kinds in the manifest; no images are unpacked here, so the program is this installation's.

    POD_S is how long the suite waits for a pod that does not run.
    """
    found = [item for item in yaml.safe_load_all(MANIFEST.read_text()) if item["kind"] in kinds]
    for item in found:
        if item["metadata"]["name"] == "dra-conformance-driver":
            item["data"] = {"driver.yaml": json.dumps(DESCRIPTOR | {"budgets": {"podSeconds": pod_s}})}
        if item["kind"] == "Job":
            template = item["spec"]["template"]
            template["metadata"] = {"annotations": {"dra-conformance.dev/run": "true"}}
            [container] = template["spec"]["containers"]
            container["command"] = [str(SCRIPTS / "dra-conformance")]
            container["env"].append({"name": "PATH", "value": os.environ["PATH"]})
            container["env"].append({"name": "DRA_CONFORMANCE_WORKERS", "value": "1"})
    return found


@pytest.fixture
def driver(request: pytest.FixtureRequest, cluster: AuthorizingCluster, client: RawClient) -> Iterator[None]:
    """The suite's control driver on the node, with the flags of the parameter."""
    node = cluster.nodes[0]
    command = [sys.executable, "-m", "dra_conformance.controls.driver", f"--driver-name={DRIVER}"]
    command += [f"--node-name={node.name}", f"--kubeconfig={cluster.kubeconfig}", "--features="]
    command += [f"--registry-dir={node.registry_dir}", f"--plugins-dir={node.plugins_dir}"]
    command += [f"--cdi-dir={node.cdi_dir}", f"--devices-dir={node.plugins_dir}/devices", *request.param]
    with subprocess.Popen(command) as process:
        wait_until(lambda: client.send("GET", SLICES).expect(200)["items"], what="slices", timeout_s=LIMIT_S)
        yield
        process.terminate()
    client.send("DELETE", SLICES)  # a driver leaves them for the one that comes after it


def ended(client: RawClient, select: str, pod_s: int = 60) -> tuple[str, Any]:
    """(the condition with which the Job ended, the ConfigMap) of the checks of SELECT."""
    for item in manifest("ConfigMap", "Job", pod_s=pod_s):
        if item["kind"] == "Job":
            arguments = item["spec"]["template"]["spec"]["containers"][0]["args"]
            arguments[arguments.index("--select=driver")] = f"--select={select}"
        client.send("POST", PATHS[item["kind"]].format(SPACE), item).expect(201)

    def conditions() -> list[str]:
        status = client.send("GET", f"{JOBS}/{SPACE}").expect(200).get("status", {})
        return [one["type"] for one in status.get("conditions", []) if one["status"] == "True"]

    def seen() -> str:
        pods = client.send("GET", f"/api/v1/namespaces/{SPACE}/pods").expect(200)["items"]
        logs = [
            client.send("GET", f"/api/v1/namespaces/{SPACE}/pods/{pod['metadata']['name']}/log").text
            for pod in pods
        ]
        return f"{[pod.get('status') for pod in pods]} {logs}"[-3000:]

    done = {"Complete", "Failed"}
    wait_until(lambda: bool(done & set(conditions())), what="the Job ends", timeout_s=LIMIT_S, seen=seen)
    [condition] = done & set(conditions())
    stored = client.send("GET", f"{MAPS}/dra-conformance-report").expect(200)
    for name in ("driver", "report"):
        client.send("DELETE", f"{MAPS}/dra-conformance-{name}").expect(200)
    client.send("DELETE", f"{JOBS}/{SPACE}", {"propagationPolicy": "Background"}).expect(200)
    wait_until(
        lambda: client.send("GET", f"{JOBS}/{SPACE}").code == 404, what="the Job is gone", timeout_s=LIMIT_S
    )
    return condition, stored


def verdicts(stored: Any) -> dict[str, str]:
    """{requirement: verdict} of the report in a ConfigMap."""
    report = json.loads(gzip.decompress(b64decode(stored["binaryData"]["report.json.gz"])))
    return {row["id"]: row["verdict"] for row in report["requirements"]}


@pytest.mark.parametrize("driver", [()], indirect=True, ids=["good"])
def test_a_good_driver_completes_the_job_which_needs_what_its_role_allows(
    driver: None, client: RawClient, cluster: AuthorizingCluster
) -> None:
    condition, stored = ended(client, "REG-001,RSL-003,RSL-030")
    assert (condition, stored["data"]["exit-code"]) == ("Complete", "0"), stored["data"]
    found = verdicts(stored)
    assert [found[name] for name in ("REG-001", "RSL-003", "RSL-030")] == ["pass"] * 3
    # at the end it looks for objects of the run of every kind, also of those that such checks never make
    denied = [one for one in map(repr, cluster.permissions_denied(USER)) if "verb='list'" not in one]
    assert [one for one in denied if "name='/metrics'" not in one] == []
    assert "<testsuites" in stored["data"]["junit.xml"]
    labelled = {"labelSelector": "app.kubernetes.io/managed-by=dra-conformance"}
    assert client.send("GET", "/api/v1/namespaces", query=labelled).expect(200)["items"] == []


@pytest.mark.parametrize("driver", [("--defect=garbage-cdi",)], indirect=True, ids=["bad"])
def test_a_bad_driver_fails_the_job(driver: None, client: RawClient) -> None:
    condition, stored = ended(client, "PREP-001", pod_s=5)
    assert (condition, stored["data"]["exit-code"]) == ("Failed", "1"), stored["data"]
    assert verdicts(stored)["PREP-001"] == "fail"
