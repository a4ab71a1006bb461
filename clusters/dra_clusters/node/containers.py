"""What a container was given, as containerd has it: how to ask for it, and how to read the answer (pure)."""

from dra_api.objects import JsonObject
from dra_clusters.errors import EnvironmentFault
from dra_clusters.provider import ContainerView


def labels(namespace: str, pod: str, name: str) -> str:
    """The filter of ``ctr containers list`` for a container of a pod (pkg/kubelet/types/labels.go)."""
    wanted = {"pod.namespace": namespace, "pod.name": pod, "container.name": name}
    return ",".join(f'labels."io.kubernetes.{label}"=={value}' for label, value in wanted.items())


def view(spec: JsonObject) -> ContainerView:
    """From a container's OCI specification."""
    entries = [str(entry).partition("=") for entry in spec["process"]["env"]]
    return ContainerView(
        environment={variable: value for variable, _, value in entries},
        devices=frozenset(device["path"] for device in spec["linux"].get("devices", [])),
    )


def absent(node: str, namespace: str, pod: str, name: str) -> EnvironmentFault:
    """The error when containerd has no such container."""
    return EnvironmentFault(f"containerd of node {node} has no container {name} of pod {namespace}/{pod}")
