"""Pure: the variables by which containers find services (kubelet pkg/kubelet/envvars, 1.36).

There is no network behind cluster IPs here, so ``KUBERNETES_SERVICE_HOST`` and ``_PORT`` are where the API server really is: a
program with an in-cluster configuration reaches it. Other services keep their cluster IP.
"""

from collections.abc import Iterable, Sequence

from dra_api.objects import JsonObject, Pod

MASTER = "kubernetes"


def service_environment(pod: Pod, services: Iterable[JsonObject], server: tuple[str, int]) -> dict[str, str]:
    """The variables of POD for SERVICES of its namespace; SERVER is the address of the API server."""
    found: dict[str, str] = {}
    if pod["spec"].get("enableServiceLinks", True):
        for service in services:
            spec, name = service["spec"], service["metadata"]["name"]
            if spec.get("clusterIP") not in (None, "", "None") and spec.get("ports") and name != MASTER:
                found |= variables(name, spec["clusterIP"], spec["ports"])
    port = {"name": "https", "port": server[1], "protocol": "TCP"}
    return found | variables(MASTER, server[0], [port])


def variables(name: str, host: str, ports: Sequence[JsonObject]) -> dict[str, str]:
    """The variables of one service, those of Docker links too."""
    prefix = name.upper().replace("-", "_")
    found = {f"{prefix}_SERVICE_HOST": host, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            found[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
    for number, port in enumerate(ports):
        protocol = port.get("protocol") or "TCP"
        link = f"{prefix}_PORT_{port['port']}_{protocol}"
        address = f"{protocol.lower()}://{host}:{port['port']}"
        if number == 0:
            found[f"{prefix}_PORT"] = address
        found[link] = address
        found |= {
            f"{link}_PROTO": protocol.lower(),
            f"{link}_PORT": str(port["port"]),
            f"{link}_ADDR": host,
        }
    return found
