"""Runs the list of behaviours on a cluster: ``dra-cluster check``; and on two, to see where they differ: ``dra-cluster diff``.

A behaviour passes, differs (``Difference``: the cluster does something else), breaks (any other exception: the check or
the connection failed) or is skipped, with the reason. Behaviours run in parallel, as clients of a cluster do.
"""

import dataclasses
import fnmatch
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import Behaviour
from dra_clusters.checks.catalogue import behaviours
from dra_clusters.checks.client import Difference
from dra_clusters.checks.context import CheckContext, ContainerReader
from dra_clusters.errors import ClusterError, EnvironmentFault, UsageError
from dra_clusters.provider import Cluster, Node
from dra_clusters.raw_client import RawClient
from kube_emulator.releases.release import Release

WORKERS = 8
CAPABILITIES = frozenset({"api", "rbac", "scheduler", "controllers"})
"""What a cluster that no provider started may have."""
GATE_ON = re.compile(r'^kubernetes_feature_enabled\{name="(\w+)",.*\} 1$', re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The cluster that is looked at.

    Attributes:
        kubernetes: its release, e.g. ``1.36``.
        nodes: with the folders that a driver needs; empty where they are not on this machine.
        container: what a container was given (node, namespace, pod, container).
    """

    name: str
    kubeconfig: Path
    kubernetes: str
    capabilities: frozenset[str]
    nodes: tuple[Node, ...] = ()
    container: ContainerReader | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one behaviour: ``pass``, ``differs``, ``breaks`` or ``skipped``."""

    id: str
    sentence: str
    source: str
    verdict: str
    detail: str = ""


def subject_of(cluster: Cluster) -> Subject:
    """A cluster that a provider started."""
    return Subject(
        name=cluster.name,
        kubeconfig=cluster.kubeconfig,
        kubernetes=cluster.kubernetes,
        capabilities=cluster.capabilities | seen_at(cluster.kubeconfig),
        nodes=cluster.nodes,
        container=cluster.container,
    )


def seen_at(kubeconfig: Path) -> frozenset[str]:
    """What a cluster says about itself: API versions that it serves (``resource.k8s.io/v1beta1``), gates that are on (``gate:X``)."""
    with RawClient(kubeconfig) as client:
        answer = client.send("GET", "/apis/resource.k8s.io")
        served = frozenset(row["groupVersion"] for row in answer.expect(200)["versions"])
        metrics = client.send("GET", "/metrics")
    return served | (gates_in(metrics.text) if metrics.code == 200 else frozenset())


def gates_in(metrics: str) -> frozenset[str]:
    """The feature gates that are on by an API server's METRICS (component-base/metrics/prometheus/feature)."""
    return frozenset(f"gate:{name}" for name in GATE_ON.findall(metrics))


def subject_at(kubeconfig: Path, capabilities: Iterable[str]) -> Subject:
    """A cluster that no provider started; it is asked for its release.

    Raises:
        UsageError: an unknown capability, or a kubeconfig that cannot be used.
        EnvironmentFault: the server does not answer, or is no Kubernetes with resource.k8s.io.
    """
    given = frozenset(filter(None, capabilities))
    if unknown := given - CAPABILITIES:
        message = f"unknown capabilities {sorted(unknown)}; there are {', '.join(sorted(CAPABILITIES))}"
        raise UsageError(message)
    try:
        with RawClient(kubeconfig) as client:
            version = client.send("GET", "/version").expect(200)
            release = f"{version['major']}.{version['minor'].rstrip('+')}"
        seen = seen_at(kubeconfig)
    except UsageError as error:
        message = f"no cluster to check at {kubeconfig}: {error}"
        raise UsageError(message) from error
    except (ClusterError, KeyError, TypeError) as error:
        message = f"no cluster to check at {kubeconfig}: {error}"
        raise EnvironmentFault(message) from error
    return Subject(name=str(kubeconfig), kubeconfig=kubeconfig, kubernetes=release, capabilities=given | seen)


def selected(patterns: Sequence[str]) -> list[Behaviour]:
    """The behaviours whose id matches one of PATTERNS (all, if there is none): ``watching``, ``slices/*``.

    Raises:
        UsageError: there are none.
    """
    if not patterns:
        return behaviours()
    wanted = [pattern if "*" in pattern or "/" in pattern else f"{pattern}/*" for pattern in patterns]
    found = [item for item in behaviours() if any(fnmatch.fnmatchcase(item.id, each) for each in wanted)]
    if not found:
        areas = ", ".join(sorted({item.id.partition("/")[0] for item in behaviours()}))
        message = f"no behaviour matches {', '.join(map(repr, patterns))}; areas are {areas}"
        raise UsageError(message)
    return found


def reason_to_skip(item: Behaviour, subject: Subject) -> str:
    """Why ITEM says nothing of SUBJECT; empty if it does."""
    lacking = item.needs - subject.capabilities
    if lacking:
        return f"needs {', '.join(sorted(lacking))}"
    release = Release.parse(subject.kubernetes)
    if release < item.since:
        return f"since Kubernetes {item.since}"
    if item.until is not None and release > item.until:
        return f"until Kubernetes {item.until}"
    return ""


def run_one(item: Behaviour, subject: Subject) -> Result:
    """Run one behaviour."""
    verdict, detail = "skipped", reason_to_skip(item, subject)
    if not detail:
        try:
            with CheckContext(
                subject.kubeconfig,
                kubernetes=subject.kubernetes,
                nodes=subject.nodes,
                container=subject.container,
            ) as context:
                item.run(context)
            verdict = "pass"
        except Difference as error:
            verdict, detail = "differs", str(error)
        except Exception as error:  # a check must not end the others
            verdict, detail = "breaks", f"{type(error).__name__}: {error}"
    return Result(id=item.id, sentence=item.sentence, source=item.source, verdict=verdict, detail=detail)


def run(items: Sequence[Behaviour], subject: Subject, *, workers: int = WORKERS) -> Iterator[Result]:
    """The results in the order of ITEMS, each as soon as it and those before it are there."""
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda item: run_one(item, subject), items)


def show(results: Iterable[Result], *, as_json: bool) -> int:
    """Print RESULTS; 1 if one differs or breaks."""
    bad = 0
    counts: dict[str, int] = {}
    rows: list[JsonObject] = []
    for result in results:
        counts[result.verdict] = counts.get(result.verdict, 0) + 1
        bad += result.verdict in ("differs", "breaks")
        rows.append(dataclasses.asdict(result))
        if not as_json and result.verdict != "pass":
            sys.stdout.write(f"{result.verdict:8} {result.id}  {result.detail}\n")
            sys.stdout.flush()
    if as_json:
        sys.stdout.write(json.dumps({"results": rows}, indent=1) + "\n")
    else:
        sys.stdout.write(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())) + "\n")
    return 1 if bad else 0


def differences(first: Iterable[Result], second: Iterable[Result]) -> list[tuple[Result, Result]]:
    """Pairs of results of the same behaviour that say different things; what one of them skipped is left out."""
    return [
        (one, other)
        for one, other in zip(first, second, strict=True)
        if one.verdict != other.verdict and "skipped" not in (one.verdict, other.verdict)
    ]


def show_differences(names: tuple[str, str], pairs: Sequence[tuple[Result, Result]], *, as_json: bool) -> int:
    """Print PAIRS; 1 if there is one."""
    if as_json:
        rows = [
            {"id": one.id, "sentence": one.sentence, names[0]: one.verdict, names[1]: other.verdict}
            | {"detail": one.detail or other.detail}
            for one, other in pairs
        ]
        sys.stdout.write(json.dumps({"differences": rows}, indent=1) + "\n")
    else:
        for one, other in pairs:
            sys.stdout.write(f"{one.id}: {one.sentence}\n  {names[0]}: {one.verdict} {one.detail}\n")
            sys.stdout.write(f"  {names[1]}: {other.verdict} {other.detail}\n")
        sys.stdout.write(f"{len(pairs)} differences\n")
    return 1 if pairs else 0
