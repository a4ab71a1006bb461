"""The whole list of behaviours on the embedded cluster in the releases of ``RELEASES``, and on real binaries where they are.

The list runs once for a provider and a release, in parallel as ``dra-cluster check`` runs it (about 10 s of CPU, most of
the time is waiting); each test looks at one result. What the embedded cluster does not do yet is listed in
``known_differences.txt`` with its reason, and is strict: a difference that is gone fails here until its line is removed.

Verified by hand as well: the embedded cluster as 1.34 and 1.35, and the programs of 1.34.4, 1.36.3 and 1.37.2, pass the
list (``dra-cluster check --provider binaries --kubernetes 1.34``). What the list says of newer releases only was run on
1.34.4 too, ignoring ``since``: the embedded 1.34 refuses with the same causes. Of 1.35 no programs were at hand.
"""

import tempfile
from pathlib import Path

import pytest

from dra_clusters.binaries.build import find
from dra_clusters.check import Result, run, selected, subject_of
from dra_clusters.checks.behaviour import REGISTERED
from dra_clusters.checks.catalogue import behaviours
from dra_clusters.choose import provider
from dra_clusters.provider import ClusterOptions, switchable
from kube_emulator.errors import UsageError

pytestmark = pytest.mark.slow
RELEASES = ("1.36", "1.37")
REAL = "1.36"
KNOWN = dict(
    line.split(maxsplit=1)
    for line in (Path(__file__).parent / "known_differences.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
IDS = [item.id for item in behaviours()]
GATED = {
    item.id: gates
    for item in behaviours()
    if (gates := {need.removeprefix("gate:") for need in item.needs if need.startswith("gate:")})
}
Results = dict[str, Result]


def results_on(name: str, release: str, request: pytest.FixtureRequest) -> Results:
    """The results of those behaviours that this session asks for, on a cluster that serves all versions."""
    with tempfile.TemporaryDirectory(prefix="b") as folder:  # a short name, because sockets have short names
        return results_in(Path(folder), name, release, request)


def results_in(
    folder: Path,
    name: str,
    release: str,
    request: pytest.FixtureRequest,
    *,
    gates: frozenset[str] = frozenset(),
) -> Results:
    """The same, of a cluster in FOLDER with GATES on that are off by default."""
    asked = {
        item.callspec.params.get("identity") for item in request.session.items if hasattr(item, "callspec")
    }
    items = [item for item in behaviours() if item.id in asked]
    cluster = provider(name).up(
        ClusterOptions(
            directory=folder,
            kubernetes=release,
            nodes=("node-0", "node-1"),
            rbac=True,
            runtime_config={"api/all": True},
            gates=dict.fromkeys(switchable(release, gates), True),
        )
    )
    try:
        return {result.id: result for result in run(items, subject_of(cluster))}
    finally:
        cluster.down()


@pytest.fixture(scope="module", params=RELEASES)
def on_embedded(request: pytest.FixtureRequest) -> Results:
    return results_on("embedded", request.param, request)


@pytest.fixture(scope="module")
def with_gates(request: pytest.FixtureRequest) -> Results:
    """On the embedded cluster with the gates that behaviours need."""
    gates = frozenset(gate for gates in GATED.values() for gate in gates)
    with tempfile.TemporaryDirectory(prefix="b") as folder:
        return results_in(Path(folder), "embedded", RELEASES[-1], request, gates=gates)


@pytest.fixture(scope="module")
def on_binaries(request: pytest.FixtureRequest) -> Results:
    try:
        find(REAL)
    except UsageError as error:
        pytest.skip(str(error))
    return results_on("binaries", REAL, request)


def check_result(result: Result) -> None:
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
    check_result(on_embedded[identity])


@pytest.mark.parametrize("identity", GATED)
def test_with_their_gates_it_does_so_too(identity: str, with_gates: Results) -> None:
    result = with_gates[identity]
    assert result.verdict == "pass", f"{result.sentence} ({result.source})\n{result.detail}"


@pytest.mark.parametrize("identity", IDS)
def test_real_binaries_do_so(identity: str, on_binaries: Results) -> None:
    check_result(on_binaries[identity])


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
