"""Where a Service of a webhook listens.

A real API server dials the cluster IP. There is no network of pods and Services here, so it is, in this order: the external name
of a Service of type ExternalName; the first ready address of the Endpoints of its name, e.g. of a webhook that runs beside the
cluster; the loopback, if a pod that it selects is ready, because containers are processes of this machine.
"""

from typing import Any

from kube_emulator.apiserver.admission.cluster_view import Objects
from kube_emulator.apiserver.query.labels import selects

LOOPBACK = "127.0.0.1"


class ServiceError(Exception):
    """A Service leads nowhere; the message is upstream's."""


class Services:
    """The Services of one cluster."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def address(self, namespace: str, name: str, port: int) -> str:
        """``host:port`` of what a Service stands for.

        Raises:
            ServiceError: there is nothing.
        """
        found = self._objects.find("services", name, namespace)
        if found is None:
            raise ServiceError(f'service "{name}" not found')
        spec = found["spec"]
        if spec.get("type") == "ExternalName":
            return f"{spec['externalName']}:{port}"
        entry = next((one for one in spec.get("ports") or () if one["port"] == port), None)
        if entry is None:
            raise ServiceError(f'no service port {port} found for service "{name}"')
        place = self._endpoint(namespace, name, entry) or self._pod(namespace, spec, entry)
        if not place:
            raise ServiceError(f'no endpoints available for service "{name}"')
        return place

    def _endpoint(self, namespace: str, name: str, entry: Any) -> str:
        found = self._objects.find("endpoints", name, namespace)
        for subset in (found or {}).get("subsets") or ():
            for port in subset.get("ports") or ():
                if port.get("name", "") == entry.get("name", "") and subset.get("addresses"):
                    return f"{bracketed(subset['addresses'][0]['ip'])}:{port['port']}"
        return ""

    def _pod(self, namespace: str, spec: Any, entry: Any) -> str:
        selector = spec.get("selector")
        if not selector:
            return ""
        for pod in self._objects.values("pods", namespace):
            conditions = (pod.get("status") or {}).get("conditions") or ()
            ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
            chosen = ready and selects({"matchLabels": selector}, pod["metadata"].get("labels") or {})
            if chosen and (port := target_port(pod, entry)):
                return f"{LOOPBACK}:{port}"
        return ""


def bracketed(address: str) -> str:
    """An address as a URL has it."""
    return f"[{address}]" if ":" in address else address


def target_port(pod: Any, entry: Any) -> int:
    """The port of POD that a port of a Service leads to; 0 if it has none of that name."""
    target = entry.get("targetPort") or entry["port"]
    if isinstance(target, int):
        return target
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports") or ())
    return next((port["containerPort"] for port in ports if port.get("name") == target), 0)
