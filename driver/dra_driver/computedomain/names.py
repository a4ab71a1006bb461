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


def daemon_name(uid: str) -> str:
    """The name of a domain's DaemonSet and of the claim template of its daemons."""
    return f"computedomain-daemon-{uid}"
