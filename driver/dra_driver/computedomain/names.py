"""Names that NVIDIA's driver uses for ComputeDomains, so that its manifests and tools work unchanged."""

GROUP = "resource.nvidia.com"
VERSION = "v1beta1"
API_VERSION = f"{GROUP}/{VERSION}"
DRIVER = "compute-domain.nvidia.com"

DOMAIN_LABEL = f"{GROUP}/computeDomain"
"""{this: UID of a domain} on all that is made for it, on its daemons' pods and on the nodes where it has a claim."""
FINALIZER = DOMAIN_LABEL
TARGET_LABEL = f"{GROUP}/computeDomainTarget"
CLIQUE_LABEL = f"{GROUP}/computeDomain.cliqueID"
"""On a daemon's pod: the clique of its node, empty where there is no fabric, missing until the daemon knows."""

DAEMON_CLASS = "compute-domain-daemon.nvidia.com"
CHANNEL_CLASS = "compute-domain-default-channel.nvidia.com"
OUTSIDE = -1
"""The index of a node outside any fabric."""

CLIQUE_OF_NODE = "nvidia.com/gpu.clique"
"""Label of a node: ``<cluster UUID>.<clique id>`` of its GPUs. GPU feature discovery sets it too, with the same value."""
GPUS_OF_NODE = "nvidia.com/gpu.count"
"""Label of a node, by GPU feature discovery: how many GPUs it has."""
HOSTNAME = "kubernetes.io/hostname"
FABRIC_CLASSES = {"nvlink-domain": "domain", "nvlink-clique": "clique"}
"""{device class: the ``type`` of the devices that it selects}."""
FABRIC_POOL = "nvlink-"
"""Pools of fabric devices begin with it; the cluster UUID follows, for a clique its id too."""
FABRIC_TAINT = f"{GROUP}/nvlink-unhealthy"
GPUS = "gpus"
"""The capacity of a domain or clique that claims consume."""


def daemon_name(uid: str) -> str:
    """The name of a domain's DaemonSet and of the claim template of its daemons."""
    return f"computedomain-daemon-{uid}"
