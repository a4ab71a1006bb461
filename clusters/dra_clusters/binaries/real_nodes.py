"""The real nodes of a cluster of binaries: started together, awaited, stopped."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.guard import ProcessGuard
from dra_clusters.node.programs import NodePrograms
from dra_clusters.node.real_node import RealNode, plan_layout
from dra_clusters.provider import Node
from dra_clusters.raw_client import RawClient

READY_S = 90.0


class RealNodes:
    """Real kubelets, one for each node of the cluster."""

    def __init__(
        self,
        nodes: Sequence[Node],
        programs: NodePrograms,
        *,
        kubeconfig_of: Callable[[str], Path],
        client_authority: Path,
        guard: ProcessGuard,
    ) -> None:
        self._nodes = tuple(nodes)
        self._programs = programs
        self._kubeconfig_of = kubeconfig_of
        self._client_authority = client_authority
        self._guard = guard
        self._running: dict[str, RealNode] = {}

    def start(self) -> None:
        """Start them.

        Raises:
            EnvironmentFault: one does not start.
        """
        for node in self._nodes:  # one after the other: each takes addresses that are free
            layout = plan_layout(node, node.directory)
            self._running[node.name] = RealNode(
                layout,
                self._programs,
                self._kubeconfig_of(user_of(node.name)),
                self._client_authority,
                self._guard,
            )
            self._running[node.name].add_bridge()
        with ThreadPoolExecutor(len(self._nodes) or 1) as pool:
            list(pool.map(RealNode.start, self._running.values()))

    def wait_ready(self, client: RawClient) -> None:
        """Wait until every node is Ready, and remove the taints that a node has before that.

        Raises:
            EnvironmentFault: one does not get Ready; the message has what the Node object says, or the log.
        """
        deadline = time.monotonic() + READY_S
        for name in self._running:
            path, reason = f"/api/v1/nodes/{name}", "it is not registered"
            while reason:
                for node in self._running.values():
                    node.check_alive()
                if time.monotonic() > deadline:
                    message = f"node {name} is not Ready after {READY_S:.0f} s: {reason}; {self._running[name].tail('kubelet')}"
                    raise EnvironmentFault(message)
                answer = client.send("GET", path)
                if answer.code == 200:
                    conditions = answer.body.get("status", {}).get("conditions", [])
                    ready = next((each for each in conditions if each["type"] == "Ready"), None)
                    reason = "it has no condition Ready" if ready is None else ready["message"]
                    if ready is not None and ready["status"] == "True":
                        break
                time.sleep(0.05)
            client.patch("merge", path, {"spec": {"taints": None}}).expect(200)

    def node(self, name: str) -> RealNode:
        """The node NAME.

        Raises:
            UsageError: there is none.
        """
        if name not in self._running:
            message = f"no node {name!r}; there are {', '.join(self._running) or 'none'}"
            raise UsageError(message)
        return self._running[name]

    def stop(self) -> None:
        """End them all; idempotent."""
        for node in self._running.values():
            node.stop()
        self._running.clear()


def user_of(node: str) -> str:
    """The user of a node's kubelet."""
    return f"system:node:{node}"
