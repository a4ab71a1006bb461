"""The configuration of a real node: what keeps it apart from the machine and from other nodes."""

import tomllib
from pathlib import Path

from dra_clusters.node import config
from dra_clusters.node.config import Layout
from dra_clusters.node.programs import NodePrograms

LAYOUT = Layout(
    name="node-0",
    stem="dra0a1b2c",
    root=Path("/c/nodes/node-0"),
    cdi=Path("/c/nodes/node-0/cdi"),
    subnet="10.244.7",
    kubelet_port=4711,
    healthz_port=4712,
)
PROGRAMS = NodePrograms(
    kubelet=Path("/b/kubelet"),
    containerd=Path("/b/containerd"),
    runc=Path("/s/runc"),
    cni=Path("/l/cni"),
    busybox=Path("/b/busybox"),
)


def test_containerd_passes_cdi_devices_of_the_folder_that_drivers_of_the_node_write() -> None:
    read = tomllib.loads(config.containerd_config(LAYOUT, PROGRAMS))
    runtime = read["plugins"]["io.containerd.cri.v1.runtime"]
    assert (runtime["enable_cdi"], runtime["cdi_spec_dirs"]) == (True, ["/c/nodes/node-0/cdi"])


def test_containerd_keeps_everything_in_the_folder_of_the_node() -> None:
    read = tomllib.loads(config.containerd_config(LAYOUT, PROGRAMS))
    paths = (
        read["root"],
        read["state"],
        read["grpc"]["address"],
        read["plugins"]["io.containerd.nri.v1.nri"]["socket_path"],
    )
    assert all(path.startswith("/c/nodes/node-0.containerd/") for path in paths)


def test_the_kubelet_lets_only_the_api_server_in_and_listens_on_the_address_of_the_node() -> None:
    found = config.kubelet_config(LAYOUT, Path("/c/kubelet-client.crt"))
    assert found["authentication"] == {
        "anonymous": {"enabled": False},
        "webhook": {"enabled": False},
        "x509": {"clientCAFile": "/c/kubelet-client.crt"},
    }
    assert (found["address"], found["port"], found["readOnlyPort"]) == ("10.244.7.1", 4711, 0)


def test_settings_of_the_kernel_that_a_kubelet_writes_are_files_of_the_node() -> None:
    script = config.namespace_script(LAYOUT)
    for name in config.SYSCTLS:
        assert f'mount --bind "/c/nodes/node-0.containerd/sysctl/{name}" /proc/sys/{name}' in script


def test_pods_are_on_the_bridge_that_has_the_address_of_the_node() -> None:
    (bridge,) = config.cni_config(LAYOUT)["plugins"]
    assert (bridge["type"], bridge["bridge"], bridge["ipMasq"]) == ("bridge", LAYOUT.bridge, False)
