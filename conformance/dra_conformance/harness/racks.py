"""Racks for requirements on more than one node: an emulated cluster of two racks, and the driver on all of its nodes.

Started when the first check asks for it, once in a session. What a check makes it removes; one that cannot is the end of these
racks, and the next check gets new ones.
"""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from dra_api.objects import JsonObject
from dra_clusters.checks.context import CLUSTER_SCOPED
from dra_clusters.choose import provider
from dra_clusters.errors import ClusterError
from dra_clusters.provider import ClusterOptions, EmulatedCluster, Node
from dra_clusters.raw_client import RawClient
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.drivers.parts import MultiNode
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import Blocked, Violation, expect_soon
from dra_conformance.harness.commands import run_command
from dra_conformance.harness.log_file import LogFile
from dra_conformance.harness.manifests import parse
from dra_conformance.harness.process import Process, start_machine

RACKS, TRAYS = 2, 2
MANIFESTS_S, DEFINED_S = 60.0, 30.0
DEFINITIONS = "CustomResourceDefinition"


@dataclass(frozen=True, slots=True)
class Place:
    """A node in its rack."""

    rack: int
    tray: int

    @property
    def name(self) -> str:
        """Of the Node."""
        return f"rack-{self.rack}-tray-{self.tray}"


PLACES = tuple(Place(rack, tray) for rack in range(RACKS) for tray in range(TRAYS))


@dataclass(slots=True)
class Processes:
    """The driver's processes that run."""

    controller: Process | None = None
    plugins: dict[str, Process] = field(default_factory=dict)


class Racks:
    """Racks that run.

    Args:
        folder: for everything that is written.
        kubernetes: the release.
    """

    def __init__(self, descriptor: Descriptor, racks: MultiNode, folder: Path, kubernetes: str) -> None:
        self.descriptor = descriptor
        self.given = racks
        self._folder = folder
        self._kubernetes = kubernetes
        self._stack = ExitStack()
        self._running = Processes()
        self._machine_dir = folder / "m"

    @property
    def driver(self) -> str:
        """The DRA driver name."""
        return self.given.driver or self.descriptor.driver

    def start(self) -> None:
        """Start cluster, machine and driver.

        Raises:
            HarnessError: cluster, machine or manifests cannot be used.
            Blocked: a plugin does not register.
        """
        self._folder.mkdir()
        names = tuple(place.name for place in PLACES)
        options = ClusterOptions(directory=self._folder / "c", kubernetes=self._kubernetes, nodes=names)
        try:
            cluster = provider("embedded").up(options)
        except ClusterError as error:
            raise HarnessError(str(error)) from error
        self._stack.callback(cluster.down)
        assert isinstance(cluster, EmulatedCluster)
        self.cluster = cluster
        self._install()
        if self.given.machine is not None:
            places = {"machine": self.given.machine.default, "machine_dir": str(self._machine_dir)}
            machine = start_machine(self.given.machine, places, LogFile(self._folder / "machine.log"))
            self._stack.callback(machine.end)
        self._stack.callback(self._end_all)
        self.start_controller()
        for place in PLACES:
            self.start_plugin(place)
        try:
            for place in PLACES:
                self.wait_registered(place)
        except Violation as error:
            raise Blocked(("REG-001",), str(error)) from error

    def close(self) -> None:
        """End all."""
        self._stack.close()

    def node(self, place: Place) -> Node:
        """The folders of a node."""
        return next(node for node in self.cluster.nodes if node.name == place.name)

    def _install(self) -> None:
        """Create what the manifests have, the definitions first."""
        done = run_command("multiNode.manifests", self.given.manifests, timeout_s=MANIFESTS_S)
        items = sorted(parse(done.stdout), key=lambda item: item["kind"] != DEFINITIONS)
        with RawClient(self.cluster.kubeconfig) as client:
            client.send("POST", "/api/v1/namespaces", {"metadata": {"name": self.given.namespace}})
            for item in items:
                answer = client.send("POST", path_of(item), item)
                if answer.code not in (201, 409):  # its namespace may be in the manifests too
                    name = item["metadata"].get("name")
                    message = (
                        f"manifests of multiNode: {item['kind']} {name}: {answer.code} {answer.text[:300]}"
                    )
                    raise HarnessError(message)
            for item in items:
                if item["kind"] == DEFINITIONS:
                    self._wait_served(client, item)

    def _wait_served(self, client: RawClient, item: JsonObject) -> None:
        spec = item["spec"]
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
        expect_soon(
            lambda: client.send("GET", path).code == 200,
            within_s=DEFINED_S,
            wanted="served",
            found=lambda: client.send("GET", path).text[:200],
            where=path,
        )

    def _places_of(self, place: Place | None) -> dict[str, str]:
        found = {
            "kubeconfig": str(self.cluster.kubeconfig),
            "namespace": self.given.namespace,
            "machine_dir": str(self._machine_dir),
            "rack": str(place.rack if place else 0),
            "tray": str(place.tray if place else 0),
        }
        if place is None:
            return found
        node = self.node(place)
        folders = {
            "registry_dir": node.registry_dir,
            "plugins_dir": node.plugins_dir,
            "cdi_dir": node.cdi_dir,
        }
        return found | {"node": place.name} | {name: str(path) for name, path in folders.items()}

    def _spawn(self, command: list[str], places: Mapping[str, str], name: str) -> Process:
        values = {**places, "python": sys.executable}
        environment = {key: value.format_map(values) for key, value in self.given.environment.items()}
        argv = [argument.format_map(values) for argument in command]
        return Process(argv, environment, LogFile(self._folder / f"{name}.log"))

    def start_controller(self) -> None:
        """Start the controller, if it does not run."""
        if self._running.controller is None:
            places = self._places_of(None)
            self._running.controller = self._spawn(self.given.controller, places, "controller")

    def kill_controller(self) -> None:
        """Kill the controller, and what it started."""
        if self._running.controller is not None:
            self._running.controller.end()
            self._running.controller = None

    def start_plugin(self, place: Place) -> None:
        """Start the plugin of a node."""
        places = self._places_of(place)
        self._running.plugins[place.name] = self._spawn(self.given.plugin, places, place.name)

    def kill_plugin(self, place: Place) -> None:
        """Kill the plugin of a node."""
        self._running.plugins.pop(place.name).end()

    def wait_registered(self, place: Place) -> None:
        """Wait until the kubelet of a node knows the plugin.

        Raises:
            Violation: it does not.
        """
        kubelet = self.cluster.kubelet(place.name)
        expect_soon(
            lambda: self.driver in kubelet.drivers(),
            within_s=self.descriptor.budgets.pod_seconds,
            wanted=f"driver {self.driver} is registered",
            found=lambda: f"{sorted(kubelet.drivers())}; the log ends: {self.log_end(place.name)}",
            where=f"the kubelet of {place.name}",
        )

    def log_end(self, name: str) -> str:
        """The end of the log of ``controller`` or of a node's plugin."""
        path = self._folder / f"{name}.log"
        return path.read_text(errors="replace").strip()[-300:] if path.exists() else ""

    def _end_all(self) -> None:
        for process in (*self._running.plugins.values(), self._running.controller):
            if process is not None:
                process.end()


def path_of(item: JsonObject) -> str:
    """Where an object is created."""
    kind = item["kind"].lower()
    plural = kind + ("es" if kind.endswith("s") else "s")
    group, _, version = item["apiVersion"].rpartition("/")
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    if plural in CLUSTER_SCOPED:
        return f"{base}/{plural}"
    return f"{base}/namespaces/{item['metadata'].get('namespace', 'default')}/{plural}"
