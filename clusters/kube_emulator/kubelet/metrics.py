"""The kubelet's counters about DRA, kept in memory so that tests and checks read them (kubelet pkg/metrics, 1.36)."""

from collections import defaultdict
from dataclasses import dataclass, field

ANY_DRIVER = "<any>"
OPERATIONS = "dra_operations_duration_seconds"
CALLS = "dra_grpc_operations_duration_seconds"
CLAIMS_IN_USE = "dra_resource_claims_in_use"
PREPARE_SKIPS = "dra_node_prepare_skips_total"
UNPREPARE_SKIPS = "dra_node_unprepare_skips_total"

Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class Metrics:
    """Counts and sums of observations by name and labels."""

    _counts: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    _sums: dict[Key, float] = field(default_factory=lambda: defaultdict(float))

    def observe(self, name: str, seconds: float = 0, **labels: str) -> None:
        """Count one observation that took SECONDS."""
        key = (name, frozenset(labels.items()))
        self._counts[key] += 1
        self._sums[key] += seconds

    def count(self, name: str, **labels: str) -> int:
        """Observations of NAME whose labels include LABELS."""
        wanted = labels.items()
        return sum(
            n for (found, has), n in self._counts.items() if found == name and has >= frozenset(wanted)
        )

    def seconds(self, name: str, **labels: str) -> float:
        """The sum of those observations."""
        wanted = labels.items()
        return sum(s for (found, has), s in self._sums.items() if found == name and has >= frozenset(wanted))
