"""``/metrics``: how many requests there were, and how long they took, in Prometheus' text form.

The names, labels and buckets are those of apiserver ``pkg/endpoints/metrics/metrics.go`` (1.37): dashboards and tests of drivers
read these two families, and those that ask for feature gates a third one (component-base ``metrics/prometheus/feature``). A real
server has some hundred more.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from kube_emulator.apiserver.request import RequestInfo
from kube_emulator.releases.gates import stages_of
from kube_emulator.releases.release import Release

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
BUCKETS = (
    *(0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2),
    *(3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60),
)
"""Upper bounds in seconds."""
COUNTER, HISTOGRAM = "apiserver_request_total", "apiserver_request_duration_seconds"
GATES = "kubernetes_feature_enabled"
STAGES = {"off": "ALPHA", "on": "BETA", "locked": ""}
"""The label of a gate follows from its default here."""
VERBS = {"create": "POST", "update": "PUT"}


class Row(NamedTuple):
    """The labels of one series, in their order."""

    dry_run: str
    group: str
    resource: str
    scope: str
    subresource: str
    verb: str
    version: str


class Metrics:
    """The requests of one server; GATES are lines about its feature gates, which do not change."""

    def __init__(self, gates: Sequence[str] = ()) -> None:
        self._gates = gates
        self._counts: defaultdict[tuple[Row, int], int] = defaultdict(int)
        self._times: defaultdict[Row, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self._sums: defaultdict[Row, float] = defaultdict(float)

    def observe(self, info: RequestInfo, query: Mapping[str, str], code: int, seconds: float) -> None:
        """Count a request that was answered with CODE after SECONDS; a watch is as long as it was open."""
        row = row_of(info, query)
        self._counts[row, code] += 1
        self._times[row][bisect_left(BUCKETS, seconds)] += 1
        self._sums[row] += seconds

    def text(self) -> str:
        """All of it."""
        lines = [f"# HELP {COUNTER} Requests by verb, kind and code.", f"# TYPE {COUNTER} counter"]
        for (row, code), count in sorted(self._counts.items()):
            lines.append(f'{COUNTER}{{code="{code}",{shown(row)}}} {count}')
        lines += [f"# HELP {HISTOGRAM} How long requests took, in seconds.", f"# TYPE {HISTOGRAM} histogram"]
        for row, counts in sorted(self._times.items()):
            labels = shown(row)
            for bound, below in zip((*BUCKETS, "+Inf"), accumulate(counts), strict=True):
                lines.append(f'{HISTOGRAM}_bucket{{{labels},le="{bound}"}} {below}')
            lines.append(f"{HISTOGRAM}_sum{{{labels}}} {self._sums[row]}")
            lines.append(f"{HISTOGRAM}_count{{{labels}}} {sum(counts)}")
        return "\n".join([*lines, *self._gates, ""])


def gate_lines(release: Release, gates: Collection[str]) -> list[str]:
    """Which of the gates that RELEASE knows are on: GATES."""
    rows = [
        f'{GATES}{{name="{name}",stage="{STAGES[stage]}"}} {int(name in gates)}'
        for name, stage in sorted(stages_of(release).items())
    ]
    return [f"# HELP {GATES} Whether a feature gate is on.", f"# TYPE {GATES} gauge", *rows]


def row_of(info: RequestInfo, query: Mapping[str, str]) -> Row:
    """The labels of a request; a path that is no kind is shown as subresource, as upstream does."""
    return Row(
        dry_run="All" if "dryRun" in query else "",
        group=info.group,
        resource=info.resource,
        scope=scope_of(info),
        subresource=info.subresource if info.is_resource else info.path,
        verb=VERBS.get(info.verb, info.verb.upper()),
        version=info.version,
    )


def scope_of(info: RequestInfo) -> str:
    """What a request is about: one object, those of a namespace, or those of the cluster (CleanScope)."""
    if not info.is_resource:
        return ""
    if info.name or info.verb == "create":
        return "resource"
    return "namespace" if info.namespace else "cluster"


def shown(row: Row) -> str:
    """Labels as Prometheus reads them."""
    labels = {"component": "apiserver", **row._asdict()}
    return ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())


def escaped(text: str) -> str:
    """The value of a label."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
