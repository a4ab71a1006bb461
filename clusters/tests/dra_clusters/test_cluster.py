"""The embedded cluster as clients see it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubectl import run_kubectl
from lightkube import Client, KubeConfig
from lightkube.resources.core_v1 import ConfigMap, Node, Pod

from dra_clusters.choose import provider
from dra_clusters.cli import main
from dra_clusters.embedded import EmbeddedCluster, EmbeddedProvider
from dra_clusters.provider import ClusterOptions, ObservableCluster
from kube_emulator.errors import EnvironmentFault, UsageError

pytestmark = pytest.mark.slow
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: x}]}\n"


@pytest.fixture(autouse=True)
def hangups_arrive() -> Iterator[None]:
    """Commands that are started here end on SIGHUP also if the tests run under nohup, which they would respect."""
    previous = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, previous)


def typed(kind: Any, document: dict[str, Any]) -> Any:
    """A lightkube object; the library types what ``from_dict`` gives as its base class."""
    return kind.from_dict(document)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[EmbeddedCluster]:
    cluster = EmbeddedProvider().up(ClusterOptions(directory=tmp_path / "c"))
    yield cluster
    cluster.down()


@pytest.fixture
def kubectl(cluster: EmbeddedCluster, tmp_path: Path) -> Callable[..., str]:
    def run(*arguments: str, text: str = "") -> str:
        done = run_kubectl(cluster.kubeconfig, tmp_path, *arguments, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_kubectl_applies_shows_and_deletes(kubectl: Callable[..., str]) -> None:
    assert "created" in kubectl("apply", "-f", "-", text=POD)
    assert "configured" in kubectl("apply", "-f", "-", text=POD.replace("image: x", "image: other"))
    assert "unchanged" in kubectl("apply", "-f", "-", text=POD.replace("image: x", "image: other"))
    assert kubectl("get", "pod", "p", "-o", "jsonpath={.spec.containers[0].image}") == "other"
    kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod/p", "--timeout=10s")
    assert "p " in kubectl("get", "pods")
    assert "Successfully assigned" in kubectl("describe", "pod", "p")
    assert "deleted" in kubectl("delete", "pod", "p")
    assert kubectl("get", "pods", "-o", "name") == ""


def test_kubectl_applies_on_the_server_side(kubectl: Callable[..., str]) -> None:
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", text=POD)


def test_kubectl_watches(kubectl: Callable[..., str], cluster: EmbeddedCluster) -> None:
    assert "ResourceSlice" in kubectl("api-resources")
    assert cluster.kubernetes in kubectl("version")
    kubectl("apply", "-f", "-", text="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    command = ["kubectl", "get", "configmaps", "--watch", "-o", "name", "--field-selector=metadata.name=a"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline() == "configmap/a\n"
        kubectl("label", "configmap", "a", "x=y")
        assert watch.stdout.readline() == "configmap/a\n"
        watch.terminate()


def test_a_bound_pod_runs_and_goes(cluster: EmbeddedCluster) -> None:
    with Client(config=KubeConfig.from_file(str(cluster.kubeconfig)), namespace="default") as client:
        container = {"name": "a", "image": "x"}
        client.create(typed(Pod, {"metadata": {"name": "p"}, "spec": {"containers": [container]}}))
        deadline = time.monotonic() + 10
        while (client.get(Pod, "p").status or 0) and client.get(Pod, "p").status.phase != "Running":  # type: ignore[union-attr] # just checked
            assert time.monotonic() < deadline
        assert client.get(Pod, "p").spec.nodeName == "node-0"  # type: ignore[union-attr] # a pod has a spec


def test_requests_are_recorded_with_user_and_verb(cluster: EmbeddedCluster) -> None:
    assert isinstance(cluster, ObservableCluster)
    with Client(config=KubeConfig.from_file(str(cluster.kubeconfig_of("driver")))) as client:
        client.get(Node, "node-0")
    asked = [(r.user, r.verb, r.plural, r.name, r.code) for r in cluster.requests()]
    assert asked == [("driver", "get", "nodes", "node-0", 200)]


def test_an_unknown_token_is_refused(cluster: EmbeddedCluster) -> None:
    config = json.loads(cluster.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "guessed"
    path = cluster.kubeconfig.with_name("unknown")
    path.write_text(json.dumps(config))
    with (
        Client(config=KubeConfig.from_file(str(path))) as client,
        pytest.raises(Exception, match="Unauthorized"),
    ):
        client.get(Node, "node-0")


def test_kubeconfigs_and_folders_are_private(cluster: EmbeddedCluster) -> None:
    assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert cluster.nodes[0].plugins_dir.stat().st_mode & 0o777 == 0o700
    assert not list(cluster.kubeconfig.parent.glob("*.pem"))


def test_objects_survive_what_clients_do_to_them(cluster: EmbeddedCluster) -> None:
    with Client(config=KubeConfig.from_file(str(cluster.kubeconfig)), namespace="default") as client:
        made = client.create(typed(ConfigMap, {"metadata": {"name": "a"}, "data": {"x": "1"}}))
        names = [item.metadata.name for item in client.list(ConfigMap) if item.metadata]
        assert names == ["a", "kube-root-ca.crt"]
        assert made.data == {"x": "1"}


def test_a_cluster_of_another_version_says_so(tmp_path: Path) -> None:
    cluster = EmbeddedProvider().up(
        ClusterOptions(directory=tmp_path, kubernetes="1.35", parts=frozenset({"api"}), nodes=("a", "b"))
    )
    assert [node.name for node in cluster.nodes] == ["a", "b"]
    assert cluster.kubernetes == "1.35"
    cluster.down()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kubernetes": "1.2"}, "unknown Kubernetes version"),
        ({"parts": frozenset({"x"})}, "unknown parts"),
        ({"parts": frozenset({"scheduler"})}, "lack api"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EmbeddedProvider().up(ClusterOptions(directory=tmp_path, **options))  # type: ignore[arg-type] # wrong on purpose


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="embedded"):
        provider("nope")


def test_a_command_runs_inside_and_its_exit_code_is_ours() -> None:
    command = [sys.executable, "-c", "from dra_clusters.cli import main; import sys; sys.exit(main())"]
    inner = [
        sys.executable,
        "-c",
        "import os, sys; sys.exit(7 if os.path.exists(os.environ['KUBECONFIG']) else 1)",
    ]
    done = subprocess.run([*command, "up", "--provider", "embedded", "--", *inner], check=False, timeout=60)
    assert done.returncode == 7
    wrong = subprocess.run(
        [*command, "up", "--provider", "nope"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1


COMMAND = [sys.executable, "-c", "from dra_clusters.cli import main; import sys; sys.exit(main())", "up"]
PRINT_PID = "import os, signal, time; print(os.getpid(), flush=True); signal.pause()"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_cluster_and_the_command_in_it(tmp_path: Path, number: signal.Signals) -> None:
    inner = [*COMMAND, "--parts", "api", "--", sys.executable, "-c", PRINT_PID]
    with subprocess.Popen(inner, env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE) as up:
        assert up.stdout is not None
        command = int(up.stdout.readline())
        up.send_signal(number)
        assert up.wait(30) == 128 + number
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.kill(command, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_cluster_without_a_command_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([*COMMAND, "--parts", "api"], env=environment, stdout=subprocess.PIPE) as up:
        assert up.stdout is not None
        assert up.stdout.readline().startswith(b"export KUBECONFIG=")
        up.send_signal(number)
        assert up.wait(30) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["up", "--nodes", "-1"], "'-1': wanted a number of nodes"),
        (["check", "--select", "nope"], "no behaviour matches 'nope'; areas are "),
        (["check", "--kubeconfig", "/nonexistent"], "no cluster to check at /nonexistent"),
        (["check", "--kubeconfig", "/nonexistent", "--has", "foo"], "unknown capabilities ['foo']"),
    ],
)
def test_a_usage_error_is_one_line(capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    with contextlib.suppress(SystemExit):
        assert main(argv) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert message in printed.err


def test_a_second_cluster_in_one_folder_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    options = ClusterOptions(directory=tmp_path, parts=frozenset({"api"}))
    first = EmbeddedProvider().up(options)
    try:
        with pytest.raises(
            EnvironmentFault, match="another cluster runs in .*; end it, or give another folder"
        ):
            EmbeddedProvider().up(options)
    finally:
        first.down()
    EmbeddedProvider().up(options).down()
