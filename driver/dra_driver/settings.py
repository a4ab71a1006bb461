"""What the person who starts the driver decided, as one frozen value; the flags are in ``cli``."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be chosen.

    Attributes:
        driver_name: the DRA driver name, e.g. ``gpu.dra-conformance.dev``.
        node_name: the Node object's name, which is also the pool's.
        kubeconfig: None means the service account of the pod.
        registry_dir: the kubelet's plugins_registry.
        plugins_dir: the kubelet's plugins; the driver lives in ``<plugins_dir>/<driver_name>``.
        cdi_dir: where CDI files go.
        metrics_address: ``host:port`` or empty for no metrics.
        instance: suffix of socket names, so that two versions can overlap; empty for none.
        rescan_s: seconds between looks at the hardware.
        sysfs: the kernel's tree of devices, which says where a GPU sits.
    """

    driver_name: str
    node_name: str
    kubeconfig: Path | None
    registry_dir: Path
    plugins_dir: Path
    cdi_dir: Path
    metrics_address: str = ""
    instance: str = ""
    rescan_s: float = 30.0
    sysfs: Path = Path("/sys")

    @property
    def data_dir(self) -> Path:
        """The driver's own folder."""
        return self.plugins_dir / self.driver_name

    @property
    def registration_socket(self) -> Path:
        """Where the kubelet finds the driver."""
        suffix = f"-{self.instance}" if self.instance else ""
        return self.registry_dir / f"{self.driver_name}{suffix}-reg.sock"

    @property
    def dra_socket(self) -> Path:
        """Where the DRA services answer."""
        suffix = f"-{self.instance}" if self.instance else ""
        return self.data_dir / f"dra{suffix}.sock"
