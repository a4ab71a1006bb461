"""kubectl, as it is on the PATH, works on a cluster as people use it: every verb and every output form."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dra_clusters.provider import Cluster

pytestmark = pytest.mark.slow
Kubectl = Callable[..., str]
POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: demo}}
spec: {containers: [{name: c, image: example.com/none:v1, env: [{name: A, value: "1"}]}]}
"""
CLAIMS = """
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu}
spec: {selectors: [{cel: {expression: 'device.driver == "d.example.com"'}}]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: claim}
spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu}}]}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: template}
spec: {spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu}}]}}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: slice}
spec:
  driver: d.example.com
  nodeName: node-0
  pool: {name: node-0, generation: 1, resourceSliceCount: 1}
  devices: [{name: d0, attributes: {model: {string: x}}, capacity: {memory: {value: 1Gi}}}]
"""


@pytest.fixture
def environment(cluster: Cluster, tmp_path: Path) -> dict[str, str]:
    """What kubectl is started with: a home of its own, so that no cache is shared."""
    return {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "HOME": str(tmp_path)}


@pytest.fixture
def kubectl(environment: dict[str, str]) -> Kubectl:
    """Runs kubectl; gives what it printed, or what it complained of if CODE is not 0."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not on the PATH")

    def run(*arguments: str, text: str = "", code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            [program, *arguments],
            env=environment | variables,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"kubectl {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    return run


def test_apply_creates_configures_and_leaves(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", text=POD) == "pod/p created\n"
    assert kubectl("apply", "-f", "-", text=POD) == "pod/p unchanged\n"
    assert kubectl("apply", "-f", "-", text=POD.replace("none:v1", "none:v2")) == "pod/p configured\n"
    assert kubectl("get", "pod", "p", "-o", "jsonpath={.spec.containers[0].image}") == "example.com/none:v2"


def test_apply_of_all_dra_kinds(kubectl: Kubectl) -> None:
    assert len(kubectl("apply", "-f", "-", text=CLAIMS).splitlines()) == 4
    assert "pending" in kubectl("get", "resourceclaims") or "allocated" in kubectl("get", "resourceclaims")
    assert "d.example.com" in kubectl("get", "resourceslices")
    assert kubectl("delete", "-f", "-", text=CLAIMS).count("deleted") == 4


def test_unknown_fields_are_refused_by_the_server(kubectl: Kubectl) -> None:
    text = POD.replace("containers:", "nonsense: 1, containers:")
    assert 'unknown field "spec.nonsense"' in kubectl("create", "-f", "-", text=text, code=1)


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("wide", "NAME"),
        ("name", "configmap/a"),
        ("json", '"kind": "ConfigMap"'),
        ("yaml", "kind: ConfigMap"),
        ("jsonpath={.data.x}", "1"),
        ("go-template={{.metadata.name}}", "a"),
        ("custom-columns=N:.metadata.name,X:.data.x", "a     1"),
    ],
)
def test_get_in_every_form(kubectl: Kubectl, form: str, wanted: str) -> None:
    kubectl("create", "configmap", "a", "--from-literal=x=1")
    assert wanted in kubectl("get", "configmap", "a", "-o", form)


def test_get_of_lists_and_selectors(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", text=POD)
    assert kubectl("get", "pods", "-A", "-l", "app=demo", "--no-headers").split()[:2] == ["default", "p"]
    assert "p" in kubectl("get", "pods", "--field-selector", "metadata.name=p", "--show-labels")
    assert "pod/p" in kubectl("get", "all")
    assert 'pods "no" not found' in kubectl("get", "pod", "no", code=1)
    assert "kube-system" in kubectl("get", "ns", "--sort-by=.metadata.name", "--chunk-size=1")


def test_describe(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", text=POD + "---" + CLAIMS)
    for arguments in (
        ("pod", "p"),
        ("node", "node-0"),
        ("resourceclaim", "claim"),
        ("resourceslice", "slice"),
        ("ns",),
    ):
        assert "Name:" in kubectl("describe", *arguments)


def test_explain(kubectl: Kubectl) -> None:
    assert "FIELDS:" in kubectl("explain", "pod.spec.resourceClaims")
    text = kubectl("explain", "resourceslices.spec.devices", "--api-version=resource.k8s.io/v1")
    assert "attributes" in text
    assert "KIND:" in kubectl("explain", "resourceclaim", "--recursive")


def test_wait(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", text=POD)
    kubectl("wait", "--for=condition=PodScheduled", "pod/p", "--timeout=20s")
    kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod/p", "--timeout=20s")
    kubectl("delete", "pod", "p", "--wait=false")
    kubectl("wait", "--for=delete", "pod/p", "--timeout=40s")


def test_three_patches(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", text=POD)
    kubectl("patch", "pod", "p", "-p", '{"spec":{"containers":[{"name":"c","image":"y"}]}}')
    kubectl("patch", "pod", "p", "--type=merge", "-p", '{"metadata":{"labels":{"x":"1"}}}')
    kubectl("patch", "pod", "p", "--type=json", "-p", '[{"op":"remove","path":"/metadata/labels/app"}]')
    found = kubectl("get", "pod", "p", "-o", "jsonpath={.spec.containers[0].image} {.metadata.labels}")
    assert found == 'y {"x":"1"}'


def test_patch_of_a_status(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", text=CLAIMS)
    patch = '{"metadata":{"labels":{"x":"1"}},"status":{}}'
    kubectl("patch", "resourceclaim", "claim", "--subresource=status", "--type=merge", "-p", patch)


def test_label_and_annotate(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "a")
    assert kubectl("label", "configmap", "a", "x=1") == "configmap/a labeled\n"
    assert "--overwrite is false" in kubectl("label", "configmap", "a", "x=2", code=1)
    kubectl("annotate", "configmap", "a", "y=2")
    assert (
        kubectl("get", "configmap", "a", "-o", "jsonpath={.metadata.labels.x}{.metadata.annotations.y}")
        == "12"
    )
    kubectl("label", "configmap", "a", "x-")
    assert kubectl("get", "configmap", "a", "-o", "jsonpath={.metadata.labels}") == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("configmap", "a", "--from-literal=x=1"),
        ("secret", "generic", "a", "--from-literal=x=1"),
        ("namespace", "a"),
        ("serviceaccount", "a"),
        ("role", "a", "--verb=get", "--resource=pods"),
        ("rolebinding", "a", "--role=a", "--user=jane"),
        ("clusterrole", "a", "--verb=get", "--resource=nodes"),
        ("clusterrolebinding", "a", "--clusterrole=a", "--user=jane"),
    ],
)
def test_create(kubectl: Kubectl, arguments: tuple[str, ...]) -> None:
    assert "created" in kubectl("create", *arguments)
    assert "already exists" in kubectl("create", *arguments, code=1)


def test_a_token_of_a_service_account_works(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot").strip()
    assert token.count(".") == 2
    found = kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", f"--token={token}")
    assert found == "system:serviceaccount:default:robot"


def test_auth_can_i(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert "Resources" in kubectl("auth", "can-i", "--list")


def test_server_side_apply_with_conflicts(kubectl: Kubectl) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n"
    assert kubectl("apply", "--server-side", "-f", "-", text=text) == "configmap/a serverside-applied\n"
    other = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    assert "conflict" in kubectl(*other, text=text.replace("'1'", "'2'"), code=1)
    kubectl(*other, "--force-conflicts", text=text.replace("'1'", "'2'"))
    assert kubectl("get", "configmap", "a", "-o", "jsonpath={.data.x}") == "2"


def test_replace(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "a", "--from-literal=x=1")
    text = kubectl("get", "configmap", "a", "-o", "yaml")
    assert kubectl("replace", "-f", "-", text=text.replace('x: "1"', 'x: "2"')) == "configmap/a replaced\n"
    assert "Conflict" in kubectl("replace", "-f", "-", text=text.replace('x: "1"', 'x: "3"'), code=1)


def test_edit(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "a", "--from-literal=x=before")
    assert kubectl("edit", "configmap", "a", KUBE_EDITOR="sed -i s/before/after/") == "configmap/a edited\n"
    assert kubectl("get", "configmap", "a", "-o", "jsonpath={.data.x}") == "after"


def test_watch(kubectl: Kubectl, environment: dict[str, str]) -> None:
    kubectl("create", "configmap", "first")
    arguments = ["kubectl", "get", "configmaps", "-w", "-o", "name", "--request-timeout=30s"]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        kubectl("create", "configmap", "second")
        seen: set[str] = set()
        for line in process.stdout:
            seen.add(line.strip())
            if {"configmap/first", "configmap/second"} <= seen:
                process.send_signal(signal.SIGINT)
                break


def test_api_resources_and_versions(kubectl: Kubectl) -> None:
    names = kubectl("api-resources", "-o", "name").split()
    assert {
        "pods",
        "resourceslices.resource.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
    } <= set(names)
    assert {"v1", "resource.k8s.io/v1", "apps/v1"} <= set(kubectl("api-versions").split())


def test_delete_in_its_ways(kubectl: Kubectl) -> None:
    for name in ("a", "b", "c"):
        kubectl("create", "configmap", name)
    assert kubectl("delete", "configmap", "a") == 'configmap "a" deleted\n'
    assert "deleted" in kubectl("delete", "configmap", "b", "--cascade=foreground")
    assert kubectl("delete", "configmap", "no", "--ignore-not-found") == ""
    kubectl("delete", "configmaps", "--all")
    assert kubectl("get", "configmap", "c", "--ignore-not-found") == ""


def test_a_namespace_goes_with_what_is_in_it(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "a")
    kubectl("create", "configmap", "c", "-n", "a")
    kubectl("delete", "namespace", "a", "--timeout=30s")
    assert kubectl("get", "namespace", "a", "--ignore-not-found") == ""


def test_events_of_a_pod(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", text=POD)
    kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=20s")
    assert "Scheduled" in kubectl("events", "--for", "pod/p")


def test_dry_run_and_diff_leave_things(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "a", "--dry-run=server")
    assert kubectl("get", "configmap", "a", "--ignore-not-found") == ""
    kubectl("apply", "-f", "-", text=POD)
    if shutil.which("diff"):
        kubectl("diff", "-f", "-", text=POD)
