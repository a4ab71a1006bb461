"""Pure: kind's configuration file, and the network of nodes whose image has no network plugin's daemon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dra_api.objects import JsonObject

KUBELET_FOLDER = "/var/lib/kubelet"
CNI_FILE = "/etc/cni/net.d/10-dra.conflist"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSettings:
    """What a kind cluster is made with.

    Attributes:
        nodes: names that kind will give, the control plane first.
        folders: {node: its folder on this machine}, which its kubelet and drivers on this machine share.
        own_image: whether the image is our own: it has no network daemon, and runs on cgroup v1 too.
    """

    name: str
    image: str
    nodes: Sequence[str]
    folders: Mapping[str, Path]
    gates: Mapping[str, bool]
    runtime_config: Mapping[str, bool]
    own_image: bool = False


def cluster_config(settings: KindSettings) -> JsonObject:
    """The document of ``kind create cluster --config``."""
    document: JsonObject = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": settings.name,
        "containerdConfigPatches": [containerd_patch(own_image=settings.own_image)],
        "kubeadmConfigPatches": [KUBELET_PATCH],
        "nodes": [node_entry(settings, name) for name in settings.nodes],
    }
    if settings.gates:
        document["featureGates"] = dict(settings.gates)
    if settings.runtime_config:
        document["runtimeConfig"] = {name: str(on).lower() for name, on in settings.runtime_config.items()}
    if settings.own_image:
        document["networking"] = {"disableDefaultCNI": True, "kubeProxyMode": "nftables"}
    return document


KUBELET_PATCH = """\
kind: KubeletConfiguration
apiVersion: kubelet.config.k8s.io/v1beta1
failCgroupV1: false
syncFrequency: 1s
nodeStatusUpdateFrequency: 2s
"""


def containerd_patch(*, own_image: bool) -> str:
    """CDI is on in containerd 2 and off in 1.7; without CAP_SYS_RESOURCE no score below the parent's can be set."""
    lines = ['[plugins."io.containerd.grpc.v1.cri"]', "  enable_cdi = true"]
    if own_image:
        lines.append("  restrict_oom_score_adj = true")
    return "\n".join(lines) + "\n"


def node_entry(settings: KindSettings, name: str) -> JsonObject:
    """One node.

    The kubelet calls a driver at the path that the driver names, so the node has the driver's folder at the same path.
    """
    folder = settings.folders[name]
    mounts = {
        f"{folder}": f"{folder}",
        f"{folder}/plugins": f"{KUBELET_FOLDER}/plugins",
        f"{folder}/plugins_registry": f"{KUBELET_FOLDER}/plugins_registry",
        f"{folder}/cdi": "/run/cdi",
    }
    return {
        "role": "control-plane" if name == settings.nodes[0] else "worker",
        "image": settings.image,
        "extraMounts": [{"hostPath": host, "containerPath": inside} for host, inside in mounts.items()],
    }


def cni_config(pod_range: str) -> JsonObject:
    """Pods of a node are behind point-to-point links; routes to other nodes' pods are ``routes``."""
    ranges = [[{"subnet": pod_range}]]
    routes = [{"dst": "0.0.0.0/0"}]
    ipam = {"type": "host-local", "dataDir": "/run/cni-ipam", "ranges": ranges, "routes": routes}
    return {
        "cniVersion": "1.0.0",
        "name": "dra",
        "plugins": [
            {"type": "ptp", "ipMasq": False, "ipam": ipam},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNetwork:
    """What the API says of a node: its address and the range of its pods."""

    name: str
    address: str
    pod_range: str


def routes(networks: Sequence[NodeNetwork], own: str) -> list[str]:
    """Arguments of ``ip route replace`` on the node OWN, one for every other node."""
    return [f"{each.pod_range} via {each.address}" for each in networks if each.name != own]


def network_of(node: JsonObject) -> NodeNetwork | None:
    """A Node object's network; None as long as it has no range."""
    addresses = {each["type"]: each["address"] for each in node.get("status", {}).get("addresses", [])}
    pod_range, address = node.get("spec", {}).get("podCIDR", ""), addresses.get("InternalIP", "")
    if not pod_range or not address:
        return None
    return NodeNetwork(name=node["metadata"]["name"], address=address, pod_range=pod_range)
