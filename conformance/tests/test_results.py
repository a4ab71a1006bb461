"""A run leaves its report in a ConfigMap, or where Sonobuoy collects it, however the run ends."""

import gzip
import tarfile
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dra_clusters.choose import start_cluster
from dra_clusters.provider import AuthorizingCluster, Cluster, ClusterOptions
from dra_clusters.raw_client import RawClient
from dra_conformance.cli import main
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.results import ReportMap, Sonobuoy, chosen, handed_over, place_of

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="c-") as folder:
        options = ClusterOptions(directory=Path(folder), parts=frozenset({"api"}), rbac=True)
        with start_cluster(options) as cluster:
            yield cluster


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The folder of a report."""
    folder = tmp_path / "report"
    folder.mkdir()
    for name in ("junit.xml", "report.json", "report.html", "badge.json", "bundle.tar.gz", "log.jsonl"):
        (folder / name).write_text(f"<{name}>")
    return folder


def place(cluster: Cluster, name: str, kubeconfig: Path | None = None) -> ReportMap:
    return ReportMap(name=name, namespace="default", kubeconfig=kubeconfig or cluster.kubeconfig, context="")


def stored(cluster: Cluster, name: str) -> Any:
    with RawClient(cluster.kubeconfig) as client:
        return client.send("GET", f"{MAPS}/{name}").expect(200)


def test_a_config_map_gets_what_is_read_as_text_and_the_rest_packed() -> None:
    texts, packed = chosen({"junit.xml": b"<a/>", "report.json": b"{}", "bundle.tar.gz": b"b", "other": b""})
    assert texts == {"junit.xml": "<a/>"}
    assert {name: gzip.decompress(one) for name, one in packed.items() if name.endswith("json.gz")} == {
        "report.json.gz": b"{}"
    }
    assert packed["bundle.tar.gz"] == b"b"
    assert set(packed) == {"report.json.gz", "bundle.tar.gz"}


def test_what_there_is_no_room_for_is_named() -> None:
    files = {"junit.xml": b"x" * 60, "badge.json": b"x" * 60, "bundle.tar.gz": b"x" * 30}
    texts, packed = chosen(files, room=100)
    assert texts == {"junit.xml": "x" * 60, "omitted": "badge.json"}
    assert packed == {"bundle.tar.gz": b"x" * 30}


@pytest.mark.slow
def test_a_report_is_in_the_config_map_with_the_exit_code(cluster: Cluster, report: Path) -> None:
    def judge() -> int:
        assert stored(cluster, "made")["data"] == {"state": "running"}
        return 1

    assert handed_over(place(cluster, "made"), report, judge) == 1
    found = stored(cluster, "made")
    wanted = {"state": "ended", "exit-code": "1", "junit.xml": "<junit.xml>", "badge.json": "<badge.json>"}
    assert found["data"] == wanted
    assert gzip.decompress(b64decode(found["binaryData"]["report.html.gz"])) == b"<report.html>"


@pytest.mark.slow
def test_nothing_of_an_earlier_run_stays_in_the_config_map(cluster: Cluster, report: Path) -> None:
    def fails() -> int:
        raise HarnessError("no such cluster")

    handed_over(place(cluster, "twice"), report, lambda: 0)
    with pytest.raises(HarnessError, match="no such cluster"):
        handed_over(place(cluster, "twice"), report / "none", fails)
    found = stored(cluster, "twice")
    assert found["data"] == {"state": "ended", "exit-code": "3", "error": "no such cluster"}
    assert "binaryData" not in found


@pytest.mark.slow
def test_without_the_right_nothing_is_judged(cluster: Cluster, report: Path) -> None:
    assert isinstance(cluster, AuthorizingCluster)
    with RawClient(cluster.kubeconfig) as client:
        account = {"metadata": {"name": "nobody"}}
        client.send("POST", "/api/v1/namespaces/default/serviceaccounts", account).expect(201)
    kubeconfig = cluster.kubeconfig_for_serviceaccount("default", "nobody")
    judged: list[int] = []

    def judge() -> int:
        judged.append(1)
        return 0

    with pytest.raises(HarnessError, match=r"ConfigMap default/none cannot be written: 403 .*allow the user"):
        handed_over(place(cluster, "none", kubeconfig), report, judge)
    assert judged == []


def test_sonobuoy_finds_the_archive_that_the_file_done_names(report: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "done").write_text("of an earlier run")

    def judge() -> int:
        assert not (results / "done").exists()
        return 0

    assert handed_over(Sonobuoy(results), report, judge) == 0
    with tarfile.open((results / "done").read_text()) as tar:
        assert {"junit.xml", "report.json", "log.jsonl"} <= set(tar.getnames())
        assert "junit_error.xml" not in tar.getnames()


@pytest.mark.parametrize("ending", [UsageError("a < b"), SystemExit(143), KeyboardInterrupt()])
def test_sonobuoy_need_not_wait_for_a_run_that_has_no_report(ending: BaseException, tmp_path: Path) -> None:
    def judge() -> int:
        raise ending

    with pytest.raises(type(ending)):
        handed_over(Sonobuoy(tmp_path), tmp_path / "none", judge)
    with tarfile.open((tmp_path / "done").read_text()) as tar:
        [name] = tar.getnames()
        stream = tar.extractfile(name)
        assert stream is not None
        said = "a &lt; b" if isinstance(ending, UsageError) else "the run was ended"
        assert f"<error>{said}</error>" in stream.read().decode()


@pytest.mark.parametrize("text", ["configmap", "configmap/", "configmap/a/b/c", "sonobuoy/x", "volume"])
def test_a_place_that_there_is_not_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match=r"wanted configmap/NAME, configmap/NAMESPACE/NAME or sonobuoy"):
        place_of(text, "", "")


def test_a_config_map_may_be_in_another_namespace() -> None:
    assert place_of("configmap/other/it", "k", "c") == ReportMap(
        name="it", namespace="other", kubeconfig=Path("k"), context="c"
    )


def test_the_command_knows_the_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--results", "moon"]) == 2
    assert capsys.readouterr().err == (
        "dra-conformance: --results 'moon': wanted configmap/NAME, configmap/NAMESPACE/NAME or sonobuoy\n"
    )
