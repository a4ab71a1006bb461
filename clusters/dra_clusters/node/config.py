"""The configuration of a real node's programs, as pure functions of the node's layout.

Tried with kubelet 1.36 and 1.37, containerd 2.1 and runc 1.1, on cgroup v1 and in a sandbox without CAP_SYS_RESOURCE.
"""

from dataclasses import dataclass
from pathlib import Path

from dra_api.objects import JsonObject
from dra_clusters.node.programs import NodePrograms

PAUSE = "registry.k8s.io/pause:3.10"
IDLE = ("example.com/none:latest", "docker.io/library/x:latest")
"""Images of the pods of the behaviours."""

APPLETS = ("cat", "echo", "env", "hostname", "ls", "sh", "sleep", "test", "true", "wget")
"""Commands of busybox in that image."""

SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What a kubelet wants of the kernel (pkg/kubelet/cm/container_manager_linux.go setupKernelTunables)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Names, folders and addresses of one node.

    Attributes:
        name: of the Node object.
        stem: at most ten characters, unique on this machine: names cgroup and bridge.
        root: the kubelet's root directory; has ``plugins`` and ``plugins_registry``.
        subnet: of its pods, the first three bytes: ``10.244.7``.
    """

    name: str
    stem: str
    root: Path
    cdi: Path
    subnet: str
    kubelet_port: int
    healthz_port: int

    @property
    def runtime(self) -> Path:
        """The folder of containerd."""
        return self.root.parent / f"{self.name}.containerd"

    @property
    def socket(self) -> Path:
        """Where containerd listens."""
        return self.runtime / "run/containerd.sock"

    @property
    def address(self) -> str:
        """The node's address: the pods' gateway, so that they reach what listens on the node."""
        return f"{self.subnet}.1"

    @property
    def bridge(self) -> str:
        """The device that has the node's address and connects the pods."""
        return self.stem

    @property
    def cgroup(self) -> str:
        """The cgroup of all pods."""
        return f"/{self.stem}"


def containerd_config(layout: Layout, programs: NodePrograms) -> str:
    """``config.toml`` of containerd 2 (version 3).

    ``restrict_oom_score_adj``: without CAP_SYS_RESOURCE a score below the parent's cannot be set, and runc ends with "can't
    get final child's PID from pipe: EOF".
    """
    runtime, images = "plugins.'io.containerd.cri.v1.runtime'", "plugins.'io.containerd.cri.v1.images'"
    return f"""version = 3
root = "{layout.runtime}/root"
state = "{layout.runtime}/run"
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "{layout.socket}"

[{images}.pinned_images]
  sandbox = "{PAUSE}"

[{runtime}]
  enable_cdi = true
  cdi_spec_dirs = ["{layout.cdi}"]
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  disable_apparmor = true

[{runtime}.cni]
  bin_dirs = ["{programs.cni}"]
  conf_dir = "{layout.runtime}/cni"

[{runtime}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[{runtime}.containerd.runtimes.runc.options]
  BinaryName = "{programs.runc}"
  SystemdCgroup = false

[plugins.'io.containerd.nri.v1.nri']
  socket_path = "{layout.runtime}/run/nri.sock"
"""


def cni_config(layout: Layout) -> JsonObject:
    """Pods reach each other and the node, nothing else: there is no masquerading."""
    ranges = [[{"subnet": f"{layout.subnet}.0/24"}]]
    ipam = {"type": "host-local", "dataDir": f"{layout.runtime}/ipam", "ranges": ranges}
    bridge = {"type": "bridge", "bridge": layout.bridge, "isGateway": True, "ipMasq": False, "ipam": ipam}
    return {"cniVersion": "1.0.0", "name": layout.stem, "plugins": [bridge]}


def kubelet_config(layout: Layout, client_authority: Path) -> JsonObject:
    """``KubeletConfiguration``.

    The thresholds of eviction are low, because the disk and the memory of this machine are not the node's own.
    """
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": layout.address,
        "port": layout.kubelet_port,
        "healthzPort": layout.healthz_port,
        "readOnlyPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(client_authority)},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{layout.socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": layout.cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "resolvConf": "",
        "registerNode": True,
        "localStorageCapacityIsolation": False,
        "evictionHard": {"memory.available": "10Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "podLogsDir": f"{layout.runtime}/logs",
        "syncFrequency": "1s",
        "fileCheckFrequency": "0s",
        "nodeStatusUpdateFrequency": "2s",
    }


def kubelet_flags(layout: Layout, kubeconfig: Path) -> list[str]:
    """How the kubelet is started."""
    return [
        f"--config={layout.runtime}/kubelet.json",
        f"--kubeconfig={kubeconfig}",
        f"--root-dir={layout.root}",
        f"--cert-dir={layout.runtime}/pki",
        f"--hostname-override={layout.name}",
        f"--node-ip={layout.address}",
    ]


def namespace_script(layout: Layout) -> str:
    """What the first process of the node does: its own mounts, then it waits, and reaps what it inherits.

    /run is private, for the sockets of containerd's shims. The kernel's settings that a kubelet writes are files of the
    node, so that those of this machine stay as they are.
    """
    files = [
        f'if [ -e /proc/sys/{name} ]; then mount --bind "{layout.runtime}/sysctl/{name}" /proc/sys/{name}; fi'
        for name in SYSCTLS
    ]
    return "\n".join(
        (
            "set -e",
            "mount --make-rshared /",
            "mount -t tmpfs -o mode=755 tmpfs /run",
            *files,
            "echo ready",
            "trap '' CHLD",
            "exec sleep infinity",
        )
    )
