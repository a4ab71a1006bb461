"""What the API server and the kubelet say of a driver process, for its metrics and its probes alike."""

from dra_driver.metrics import Metrics
from dra_driver.probes import Probes


class Observed:
    """Passes on each report to both."""

    def __init__(self, metrics: Metrics, probes: Probes) -> None:
        self._metrics = metrics
        self._probes = probes

    def synced(self, synced: bool) -> None:
        """The stored slices are as wanted, or an error of the API server interrupted that."""
        self._metrics.published(synced)
        self._probes.published |= synced

    def registered(self, accepted: bool) -> None:
        """The kubelet registered the driver or refused it."""
        self._metrics.registered(accepted)
        self._probes.registered = accepted
