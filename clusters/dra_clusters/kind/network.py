"""The network of nodes of our own image, which has no network daemon: one file and some routes per node; and readiness."""

import json
from collections.abc import Sequence

from dra_api.objects import JsonObject
from dra_clusters.kind import config
from dra_clusters.kind.engine import Engine
from dra_clusters.kind.waiting import wait_until_complete
from dra_clusters.raw_client import NoAnswer, RawClient

READY_S, PAUSE_S = 120.0, 0.1


def connect(client: RawClient, engine: Engine, nodes: Sequence[str]) -> None:
    """Give every node its network as soon as the controllers have given it a range for pods.

    Raises:
        EnvironmentFault: a node has none in time.
    """
    wait_until_complete(
        lambda: without_network(listed(client), nodes),
        what="nodes without a range for pods",
        limit_s=READY_S,
        pause_s=PAUSE_S,
    )
    networks = [network for each in listed(client) if (network := config.network_of(each)) is not None]
    for network in networks:
        script = [f"ip route replace {route}" for route in config.routes(networks, network.name)]
        script.append(f"cat > {config.CNI_FILE}")
        document = json.dumps(config.cni_config(network.pod_range))
        engine.inside(network.name, "sh", "-c", " && ".join(script), stdin=document)


def without_network(found: Sequence[JsonObject], wanted: Sequence[str]) -> dict[str, str]:
    """Pure: {node: why} of the nodes that have no range for pods yet."""
    given = {each["metadata"]["name"] for each in found if config.network_of(each) is not None}
    return {name: "the controllers gave it none" for name in wanted if name not in given}


def listed(client: RawClient) -> list[JsonObject]:
    """The Node objects; none while the API server does not answer, as just after it was started."""
    try:
        answer = client.send("GET", "/api/v1/nodes")
    except NoAnswer:
        return []
    return list(answer.body["items"]) if answer.code == 200 else []


def wait_ready(client: RawClient, nodes: Sequence[str]) -> None:
    """Wait until the nodes are Ready.

    Raises:
        EnvironmentFault: one is not in time; the message has what its object says.
    """
    wait_until_complete(
        lambda: unready(listed(client), nodes),
        what="nodes that are not Ready",
        limit_s=READY_S,
        pause_s=PAUSE_S,
    )


def unready(found: Sequence[JsonObject], wanted: Sequence[str]) -> dict[str, str]:
    """Pure: {node: why} of the nodes that are not Ready."""
    said = dict.fromkeys(wanted, "it is not registered")
    for node in found:
        name = node["metadata"]["name"]
        conditions = node.get("status", {}).get("conditions", [])
        ready = next((each for each in conditions if each["type"] == "Ready"), None)
        if ready is not None and ready["status"] == "True":
            said.pop(name, None)
        elif name in said:
            said[name] = ready["message"] if ready else "it has no condition Ready"
    return said
