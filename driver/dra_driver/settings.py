"""The settings of a driver as one frozen value; ``cli`` makes it from the flags."""

from dataclasses import dataclass, field
from pathlib import Path

from dra_api.identifiers import DriverName, NodeName, PoolName
from dra_driver.features import Features

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
METADATA_FOLDER, MPS_FOLDER = "dra-device-metadata", "mps"
"""In the driver's own folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one driver process.

    Attributes:
        driver_name: the DRA driver name, e.g. ``gpu.dra-conformance.dev``.
        node_name: the Node object's name, which is also the pool's.
        kubeconfig: None means the service account of the pod.
        registry_dir: the kubelet's plugins_registry.
        plugins_dir: the kubelet's plugins; the driver lives in ``<plugins_dir>/<driver_name>``.
        cdi_dir: where CDI files go.
        metrics_address: ``host:port`` of metrics and HTTP probes; empty for none.
        health_address: ``host:port`` of gRPC's health service; empty for none.
        instance: suffix of socket names, so that two versions can overlap; empty for none.
        rescan_s: seconds between scans of the hardware.
        sysfs: where sysfs is mounted.
        procfs: where proc is mounted.
        driver_root: the folder below which NVIDIA's driver is installed, on the host and for this process.
        features: which kinds of devices are offered.
        dev_root: the folder of the host below which ``dev`` is.
        taint_effects: as ``health.conditions.parse_effects`` reads them.
        harmless_xids: the same.
        cdi_generator: what lists the files of NVIDIA's driver: ``own``, ``nvidia-ctk``, or ``auto`` for that if it is there.
        cdi_hook: path on the host of ``nvidia-cdi-hook``; empty: containers get no files of NVIDIA's driver.
    """

    driver_name: DriverName
    node_name: NodeName
    kubeconfig: Path | None
    registry_dir: Path
    plugins_dir: Path
    cdi_dir: Path
    metrics_address: str = ""
    health_address: str = ""
    instance: str = ""
    rescan_s: float = 30.0
    sysfs: Path = Path("/sys")
    procfs: Path = Path("/proc")
    driver_root: Path = Path("/")
    dev_root: Path = Path("/")
    taint_effects: str = ""
    harmless_xids: str = ""
    cdi_generator: str = "auto"
    cdi_hook: str = ""
    features: Features = field(default_factory=Features)

    @property
    def pool(self) -> PoolName:
        """The pool that this driver publishes."""
        return PoolName(self.node_name)

    @property
    def data_dir(self) -> Path:
        """The driver's own folder."""
        return self.plugins_dir / self.driver_name

    @property
    def registration_socket(self) -> Path:
        """The socket that the kubelet's plugin watcher finds."""
        suffix = f"-{self.instance}" if self.instance else ""
        return self.registry_dir / f"{self.driver_name}{suffix}-reg.sock"

    @property
    def dra_socket(self) -> Path:
        """The socket of the DRA services."""
        suffix = f"-{self.instance}" if self.instance else ""
        return self.data_dir / f"dra{suffix}.sock"
