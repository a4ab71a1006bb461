"""The real helm installs, upgrades and removes the driver's chart in a cluster, and refuses wrong values."""

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from certificates import issue
from go_program import go_program
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.resources.admissionregistration_v1 import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
)
from lightkube.resources.apps_v1 import DaemonSet, Deployment
from lightkube.resources.core_v1 import Pod, ServiceAccount
from lightkube.resources.rbac_authorization_v1 import ClusterRole, ClusterRoleBinding
from lightkube.resources.resource_v1 import DeviceClass, ResourceClaim
from story import typed, wait_until

from dra_clusters.provider import Cluster
from dra_driver.cli import check, make_parser

pytestmark = pytest.mark.slow
MODULE, VERSION = "helm.sh/helm/v3", "v3.22.0"
DEPLOY = Path(__file__).parents[1] / "driver/deploy"
CHART = str(DEPLOY / "chart")
NAMESPACE, DRIVER = "kube-system", "gpu.dra-conformance.dev"
INSTALL_S = 120
CLUSTER_WIDE = (
    ClusterRole,
    ClusterRoleBinding,
    DeviceClass,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
)
Helm = Callable[..., str]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_program(MODULE, VERSION, "helm", tmp_path_factory.mktemp("build"))


@pytest.fixture
def helm(program: Path, tmp_path: Path) -> Helm:
    """Runs helm with a home of its own; what it printed, or what it complained of if CODE is not 0."""

    def run(*arguments: str, code: int = 0, kubeconfig: Path | None = None) -> str:
        folders = {
            name: str(tmp_path) for name in ("HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
        }
        done = subprocess.run(
            [program, *arguments],
            env={**os.environ, **folders, "KUBECONFIG": str(kubeconfig or "")},
            capture_output=True,
            text=True,
            timeout=2 * INSTALL_S,
            check=False,
        )
        assert done.returncode == code, f"helm {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    return run


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    with Client(config=KubeConfig.from_file(cluster.kubeconfig), namespace=NAMESPACE) as made:
        yield made


def rendered(helm: Helm, *values: str) -> list[dict[str, Any]]:
    text = helm("template", "gpu", CHART, "-n", NAMESPACE, "--kube-version", "1.37.0", *values)
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(documents: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [document for document in documents if document["kind"] == kind]


def test_the_chart_passes_the_strict_linter_and_the_manifests_are_what_it_renders(
    helm: Helm, program: Path
) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, "--kube-version", "1.37.0")
    subprocess.run([sys.executable, DEPLOY / "render.py", "--check", "--helm", program], check=True)


def test_compute_domains_are_rendered_when_they_are_switched_on_with_flags_that_exist(helm: Helm) -> None:
    assert "compute-domain" not in yaml.safe_dump(rendered(helm))
    documents = rendered(helm, "--set", "computeDomains.enabled=true")
    classes = {item["metadata"]["name"] for item in of_kind(documents, "DeviceClass")}
    assert {"nvlink-domain", "nvlink-clique", "compute-domain-daemon.nvidia.com"} < classes
    spaces = {item["metadata"].get("namespace", NAMESPACE) for item in documents}
    accounts = [
        subject["namespace"]
        for item in documents
        if item["kind"].endswith("RoleBinding")
        for subject in item["subjects"]
    ]
    assert spaces | set(accounts) == {NAMESPACE}
    for kind, command in (("Deployment", "controller"), ("DaemonSet", "compute-domain-plugin")):
        pods = [item["spec"]["template"]["spec"] for item in of_kind(documents, kind)]
        [arguments] = [
            one["containers"][0]["args"] for one in pods if command in one["containers"][0]["args"]
        ]
        parsed = make_parser().parse_args([one.replace("$(NODE_NAME)", "n") for one in arguments])
        check(parsed)
        assert (parsed.command, parsed.namespace) == (command, NAMESPACE)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("rescanSeconds=-1", "at '/rescanSeconds': exclusiveMinimum"),
        ("driverName=../etc", "at '/driverName'"),
        ("featureGates.DynamicMIG=maybe", "at '/featureGates/DynamicMIG': got string, want boolean"),
        ("devRoot=host", "at '/devRoot'"),
        ("nosuchvalue=1", "additional properties 'nosuchvalue' not allowed"),
        ("webhook.tls.mode=secret", "at '/webhook/tls/secretName': minLength"),
        (
            "driverName=gpu.a-name-that-is-much-too-long.example.com",
            "longer than 107 characters; choose a shorter",
        ),
        ("serviceAccount.create=false", "set serviceAccount.name to the account"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(helm: Helm, value: str, message: str) -> None:
    arguments = ("template", "gpu", CHART, "--kube-version", "1.37.0", "--set", value)
    assert message in helm(*arguments, code=1)


def test_what_is_switched_on_is_rendered_and_nothing_else(helm: Helm) -> None:
    plain = rendered(helm)
    assert not of_kind(plain, "ValidatingWebhookConfiguration")
    assert not of_kind(plain, "PodMonitor")
    [role] = of_kind(rendered(helm, "--set", "featureGates.DeviceStatus=true"), "ClusterRole")
    assert [rule["resources"] for rule in role["rules"][-2:]] == [
        ["resourceclaims/status"],
        ["resourceclaims/driver"],
    ]
    assert len(of_kind(plain, "ClusterRole")[0]["rules"]) == 3
    on = (
        "webhook.enabled=true",
        "podMonitor.enabled=true",
        "alerts.enabled=true",
        "dashboard.enabled=true",
        "driverRoot=/",
    )
    full = rendered(helm, *(part for value in on for part in ("--set", value)))
    for kind in (
        "ValidatingWebhookConfiguration",
        "Certificate",
        "Issuer",
        "PodMonitor",
        "PrometheusRule",
        "ConfigMap",
    ):
        assert len(of_kind(full, kind)) == 1, kind
    [pods] = of_kind(full, "DaemonSet")
    assert all(volume["name"] != "driver-root" for volume in pods["spec"]["template"]["spec"]["volumes"])
    classes = rendered(helm, "--set", "deviceClasses.extendedResourceName=nvidia.com/gpu")
    named = [each["spec"].get("extendedResourceName") for each in of_kind(classes, "DeviceClass")]
    assert sorted(filter(None, named)) == ["nvidia.com/gpu"]


def container_of(documents: list[dict[str, Any]]) -> tuple[list[str], dict[str, str]]:
    """The driver's flags, and {folder in its container: folder of the host}."""
    [pods] = of_kind(documents, "DaemonSet")
    spec = pods["spec"]["template"]["spec"]
    [container] = spec["containers"]
    host = {volume["name"]: volume["hostPath"]["path"] for volume in spec["volumes"]}
    return container["args"], {each["mountPath"]: host[each["name"]] for each in container["volumeMounts"]}


def test_the_host_s_folders_are_flags_and_mounts(helm: Helm) -> None:
    flags, mounts = container_of(rendered(helm))
    assert {"--dev-root=/", "--sysfs=/sys", "--procfs=/proc"} <= set(flags)
    assert mounts["/dev"] == "/dev"
    assert not {"/sys", "/proc"} & set(mounts)

    roots = {"devRoot": "/fake/", "sysfs": "/fake/sys", "procfs": "/fake/proc"}
    flags, mounts = container_of(
        rendered(helm, *(f"--set={name}={folder}" for name, folder in roots.items()))
    )
    assert {"--dev-root=/fake/", "--sysfs=/fake/sys", "--procfs=/fake/proc"} <= set(flags)
    for folder, host in {
        "/dev": "/fake/dev", "/fake/dev": "/fake/dev", "/fake/sys": "/fake/sys", "/fake/proc": "/fake/proc",
    }.items():  # fmt: skip
        assert mounts[folder] == host


def test_the_driver_is_installed_upgraded_and_removed(helm: Helm, cluster: Cluster, client: Client) -> None:
    def pods() -> dict[str, str]:
        found: Any = client.list(Pod, labels={"app.kubernetes.io/name": "dra-driver"})
        return {pod.metadata.name: pod.spec.containers[0].image for pod in found}

    place = ("-n", NAMESPACE, "--wait", "--timeout", f"{INSTALL_S}s")
    helm("install", "gpu", CHART, *place, kubeconfig=cluster.kubeconfig)
    [first] = pods()
    client.get(ServiceAccount, "gpu-dra-driver")
    status = client.get(DaemonSet, "gpu-dra-driver").status
    assert status is not None
    assert status.numberReady == 1
    assert sorted(each.metadata.name for each in client.list(DeviceClass)) == [  # type: ignore[union-attr,type-var]
        DRIVER,
        f"mig.{DRIVER}",
        f"vfio.{DRIVER}",
    ]

    counts = []
    with ThreadPoolExecutor(1) as pool:
        change = ("upgrade", "gpu", CHART, *place, "--set", "image.tag=v2")
        upgrade = pool.submit(helm, *change, kubeconfig=cluster.kubeconfig)
        while not upgrade.done():
            counts.append(len(pods()))
        upgrade.result()
    assert (min(counts), max(counts)) == (1, 2), "the new pod runs before the old one ends"
    wait_until(
        lambda: len(pods()) == 1 and first not in pods(), what="the new pod alone", timeout_s=60, seen=pods
    )
    assert list(pods().values()) == ["localhost/dra-conformance/driver:v2"]
    assert helm("history", "gpu", "-n", NAMESPACE, kubeconfig=cluster.kubeconfig).count("deployed") == 1

    helm("uninstall", "gpu", *place, kubeconfig=cluster.kubeconfig)
    wait_until(lambda: not pods(), what="no pod of the driver", timeout_s=60, seen=pods)
    for kind in CLUSTER_WIDE:
        left = [each.metadata.name for each in client.list(kind)]  # type: ignore[attr-defined]
        assert not [name for name in left if "dra-driver" in name or DRIVER in name], kind
    assert list(client.list(Deployment)) == []


def claim_of(driver: str, interval: str) -> dict[str, Any]:
    """A claim with parameters of DRIVER."""
    parameters = {
        "apiVersion": "resource.dra-conformance.dev/v1beta1",
        "kind": "GpuConfig",
        "sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": interval}},
    }
    config = [{"opaque": {"driver": driver, "parameters": parameters}}]
    requests = [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]
    return {
        "metadata": {"generateName": "c-", "namespace": "default"},
        "spec": {"devices": {"requests": requests, "config": config}},
    }


@contextlib.contextmanager
def webhook(folder: Path, address: tuple[str, int]) -> Iterator[None]:
    """The driver's webhook with the certificate in FOLDER, until the context ends."""
    host, port = address
    files = ("--tls-cert-file", str(folder / "tls.crt"), "--tls-private-key-file", str(folder / "tls.key"))
    command = [
        str(Path(sys.executable).parent / "dra-driver"),
        "webhook",
        "--host",
        host,
        "--port",
        str(port),
        *files,
    ]
    process = subprocess.Popen(command)
    try:
        wait_until(lambda: accepts(address), what="the webhook answers", timeout_s=60)
        yield
    finally:
        process.terminate()
        process.wait(10)


def accepts(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def test_the_webhook_refuses_wrong_parameters_and_when_it_is_gone_stops_only_its_own(
    helm: Helm, client: Client, tmp_path: Path
) -> None:
    """The configuration as the chart renders it; only where the API server finds the webhook is this machine's."""
    certificate, key = issue("127.0.0.1")
    (tmp_path / "tls.crt").write_text(certificate)
    (tmp_path / "tls.key").write_text(key)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = probe.getsockname()[:2]
    bundle = base64.b64encode(certificate.encode()).decode()
    secret = (
        "webhook.enabled=true",
        "webhook.tls.mode=secret",
        "webhook.tls.secretName=s",
        f"webhook.tls.caBundle={bundle}",
    )
    full = rendered(helm, *(part for value in secret for part in ("--set", value)))
    [configuration] = of_kind(full, "ValidatingWebhookConfiguration")
    for entry in configuration["webhooks"]:
        path = entry["clientConfig"].pop("service")["path"]
        entry["clientConfig"]["url"] = f"https://{address[0]}:{address[1]}{path}"
    client.create(typed(ValidatingWebhookConfiguration, configuration))

    def create(driver: str, interval: str) -> str:
        try:
            client.create(typed(ResourceClaim, claim_of(driver, interval)))
        except ApiError as error:
            return str(error)
        return "created"

    gone = "failed calling webhook"
    wait_until(
        lambda: gone in create(DRIVER, "Short"),
        what="the webhook is asked",
        seen=lambda: create(DRIVER, "Short"),
    )
    assert create("other.example.com", "Nonsense") == "created"
    with webhook(tmp_path, address):
        assert create(DRIVER, "Short") == "created"
        assert "interval" in create(DRIVER, "Nonsense")


def test_kubectl_applies_and_deletes_the_manifests(cluster: Cluster) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not on the PATH")
    manifests = ("-f", str(DEPLOY / "manifests_generated.yaml"))
    for verb in ("apply", "delete"):
        done = subprocess.run(
            [kubectl, verb, *manifests],
            env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 9
