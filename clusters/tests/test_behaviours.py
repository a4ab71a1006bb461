"""The whole list of behaviours on the embedded cluster, and on real binaries where they are.

The list runs once for a provider, in parallel as ``dra-cluster check`` runs it; each test looks at one result. What the
embedded cluster does not do yet stands in ``known_differences.txt`` with its reason, and is strict: a difference that is
gone fails here until its line is removed.
"""

import tempfile
from pathlib import Path

import pytest

from dra_clusters.binaries.build import find
from dra_clusters.check import Result, run, selected, subject_of
from dra_clusters.checks.behaviour import REGISTERED
from dra_clusters.checks.catalogue import behaviours
from dra_clusters.choose import provider
from dra_clusters.errors import UsageError
from dra_clusters.provider import ClusterOptions

pytestmark = pytest.mark.slow
RELEASE = "1.36"
KNOWN = dict(
    line.split(maxsplit=1)
    for line in (Path(__file__).parent / "known_differences.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
IDS = [item.id for item in behaviours()]
Results = dict[str, Result]


def results_on(name: str, folder: Path, request: pytest.FixtureRequest) -> Results:
    """The results of those behaviours that this session asks for."""
    asked = {
        item.callspec.params.get("identity") for item in request.session.items if hasattr(item, "callspec")
    }
    items = [item for item in behaviours() if item.id in asked]
    cluster = provider(name).up(
        ClusterOptions(directory=folder, kubernetes=RELEASE, nodes=("node-0", "node-1"), rbac=True)
    )
    try:
        return {result.id: result for result in run(items, subject_of(cluster))}
    finally:
        cluster.down()


@pytest.fixture(scope="module")
def on_embedded(request: pytest.FixtureRequest) -> Results:
    with tempfile.TemporaryDirectory(
        prefix="e"
    ) as name:  # drivers bind sockets in it: 107 bytes are all they have
        return results_on("embedded", Path(name), request)


@pytest.fixture(scope="module")
def on_binaries(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Results:
    try:
        find(RELEASE)
    except UsageError as error:
        pytest.skip(str(error))
    return results_on("binaries", tmp_path_factory.mktemp("b"), request)


def judge(result: Result) -> None:
    if result.verdict == "skipped":
        pytest.skip(result.detail)
    assert result.verdict == "pass", f"{result.sentence} ({result.source})\n{result.detail}"


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(each, marks=pytest.mark.xfail(reason=KNOWN[each], strict=True) if each in KNOWN else ())
        for each in IDS
    ],
)
def test_the_embedded_cluster_does_what_kubernetes_does(identity: str, on_embedded: Results) -> None:
    judge(on_embedded[identity])


@pytest.mark.parametrize("identity", IDS)
def test_real_binaries_do_so(identity: str, on_binaries: Results) -> None:
    judge(on_binaries[identity])


def test_known_differences_are_behaviours() -> None:
    assert set(KNOWN) <= set(REGISTERED)


def test_the_list_is_long_and_says_where_each_rule_comes_from() -> None:
    assert len(IDS) >= 250
    assert [item.id for item in behaviours() if not (item.sentence.endswith(".") and item.source)] == []


def test_areas_and_patterns_select() -> None:
    assert {item.id.partition("/")[0] for item in selected(["watching", "slices/driver*"])} == {
        "watching",
        "slices",
    }
