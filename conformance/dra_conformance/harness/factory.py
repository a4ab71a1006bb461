"""Makes harnesses: one machine for all, and for each harness a node, an API server and a driver that is not started.

Some checks need more: two nodes of one cluster, two instances of the driver on one node, or a driver with few permissions.
"""

import random
import shutil
import sys
import tempfile
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from dra_api.identifiers import NodeName
from dra_clusters.choose import provider
from dra_clusters.errors import ClusterError
from dra_clusters.provider import (
    DEFAULT_VERSION,
    AuthorizingCluster,
    ClusterOptions,
    Node,
    ObservableCluster,
    switchable,
)
from dra_conformance.drivers.descriptor import Descriptor, uses_nri
from dra_conformance.errors import HarnessError
from dra_conformance.harness import driver_log
from dra_conformance.harness.api import ApiView
from dra_conformance.harness.api_versions import NEWEST, only
from dra_conformance.harness.cdi import CdiView
from dra_conformance.harness.controller import ControllerProcess
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.kubelet import SimulatedKubelet
from dra_conformance.harness.levers import Levers
from dra_conformance.harness.log_file import LogFile
from dra_conformance.harness.nri.containers import Containers
from dra_conformance.harness.nri.endpoint import NriEndpoint
from dra_conformance.harness.observed import CdiChanges, DriverRequests, LogTail
from dra_conformance.harness.patience import Patience
from dra_conformance.harness.process import DriverProcess, free_address, start_machine
from dra_conformance.harness.rights import ACCOUNT, NAMESPACE, objects
from dra_conformance.harness.target import Target
from dra_conformance.verdict import Tier

NODE, NEIGHBOUR = "node-0", "node-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a driver is judged on.

    Attributes:
        machine: empty means the default of the descriptor.
        provider: of the API servers at the tier node.
        tiers: the tiers whose checks run.
        target: where the driver is installed, at the tier cluster.
        logs: the folder that keeps the logs of drivers; without one they are removed with their nodes.
    """

    machine: str = ""
    provider: str = "embedded"
    kubernetes: str = DEFAULT_VERSION
    seed: int = 0
    tiers: tuple[Tier, ...] = ("node",)
    target: Target | None = None
    logs: Path | None = None


class HarnessFactory:
    """A context in which harnesses can be made; at its end nothing of it runs and its folder is removed."""

    def __init__(self, descriptor: Descriptor, environment: Environment) -> None:
        self.descriptor = descriptor
        self._environment = environment
        self._stack = ExitStack()
        self._patience = Patience()
        self._places: dict[str, str] = {"machine": "", "machine_dir": ""}
        self._folder = Path()

    def __enter__(self) -> Self:
        """Start the machine.

        Raises:
            HarnessError: it does not get ready.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="dra-"))  # a short name, because sockets have short names
        self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
        machine = self.descriptor.machine
        if machine is not None:
            name = self._environment.machine or machine.default
            self._places = {"machine": name, "machine_dir": str(self._folder / "m")}
            try:
                process = start_machine(machine, self._places, LogFile(self._folder / "machine.log"))
            except BaseException:
                self._stack.close()
                raise
            self._stack.callback(process.end)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def make(
        self,
        stack: ExitStack,
        *,
        kubernetes: str = "",
        gates: Mapping[str, bool] | None = None,
        api_version: str = NEWEST,
    ) -> Harness:
        """A harness, of another Kubernetes version or with other GATES than the run's if they are given.

        Its end is pushed on STACK. Another version has its own default gates. Of resource.k8s.io only API_VERSION is served.

        Raises:
            HarnessError: the cluster does not start, or has no audit and fault injection.
        """
        if gates is None and kubernetes:
            gates = {}
        cluster = self._cluster(stack, NODE, kubernetes=kubernetes, gates=gates, api_version=api_version)
        kubeconfig = cluster.kubeconfig_of("driver")
        return self._harness(stack, cluster, cluster.nodes[0], kubeconfig, api_version=api_version)

    def two_nodes(self, stack: ExitStack) -> tuple[Harness, Harness]:
        """Two nodes of one cluster, each with a driver that is not started."""
        cluster = self._cluster(stack, NODE, NEIGHBOUR)
        kubeconfig = cluster.kubeconfig_of("driver")
        first, second = (self._harness(stack, cluster, node, kubeconfig) for node in cluster.nodes)
        return first, second

    def two_instances(self, stack: ExitStack) -> tuple[Harness, Harness]:
        """One node with two instances of the driver, as during a rolling update; neither is started."""
        cluster = self._cluster(stack, NODE)
        kubeconfig, node = cluster.kubeconfig_of("driver"), cluster.nodes[0]
        old, new = (self._harness(stack, cluster, node, kubeconfig, rolling=True) for _ in range(2))
        return old, new

    def long_uid(self, stack: ExitStack) -> Harness:
        """An instance whose pod has a UID as Kubernetes makes it, in folders whose paths are as long as the kubelet's own."""
        cluster = self._cluster(stack, NODE)
        registry, plugins = self._folder / "plugins_registry", self._folder / "plugins"
        for folder in (registry, plugins):
            folder.mkdir(mode=0o700)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        node = replace(cluster.nodes[0], registry_dir=registry, plugins_dir=plugins)
        kubeconfig = cluster.kubeconfig_of("driver")
        return self._harness(stack, cluster, node, kubeconfig, rolling=True, pod_uid=str(uuid.uuid4()))

    @property
    def seed(self) -> int:
        """Of the run."""
        return self._environment.seed

    def places(self) -> dict[str, str]:
        """The placeholders that belong to no node."""
        return {**self._places, "python": sys.executable}

    def restricted(self, stack: ExitStack) -> Harness:
        """A harness whose driver has the permissions in ``rights`` and no others.

        Raises:
            HarnessError: the cluster has no authorization.
        """
        cluster = self._cluster(stack, NODE, rbac=True)
        if not isinstance(cluster, AuthorizingCluster):
            message = f"provider {cluster.name} has no authorization, which this check needs"
            raise HarnessError(message)
        api = self._api(cluster, cluster.nodes[0], Evidence())
        reporting = "DRAResourceClaimDeviceStatus" in self.descriptor.features
        for path, item in objects(self.descriptor.driver if reporting else ""):
            api.write("POST", path, item)
        api.close()
        kubeconfig = cluster.kubeconfig_for_serviceaccount(NAMESPACE, ACCOUNT, node=NODE)
        return self._harness(stack, cluster, cluster.nodes[0], kubeconfig)

    def _cluster(
        self,
        stack: ExitStack,
        *nodes: str,
        rbac: bool = False,
        kubernetes: str = "",
        gates: Mapping[str, bool] | None = None,
        api_version: str = NEWEST,
    ) -> ObservableCluster:
        """A cluster; without GATES those are on which the driver claims, as an administrator would have it."""
        place = Path(tempfile.mkdtemp(dir=self._folder, prefix="n"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        claimed = dict.fromkeys(switchable(self._environment.kubernetes, self.descriptor.features), True)
        options = ClusterOptions(
            directory=place,
            kubernetes=kubernetes or self._environment.kubernetes,
            nodes=nodes,
            parts=frozenset({"api"}),
            seed=self._environment.seed,
            rbac=rbac,
            gates=claimed if gates is None else gates,
            runtime_config=only(api_version),
        )
        try:
            cluster = provider(self._environment.provider).up(options)
        except ClusterError as error:
            raise HarnessError(str(error)) from error
        stack.callback(cluster.down)
        if not isinstance(cluster, ObservableCluster):
            message = (
                f"provider {cluster.name} has no audit and no faults, which checks at the node tier need"
            )
            raise HarnessError(message)
        return cluster

    def _api(
        self, cluster: ObservableCluster, node: Node, evidence: Evidence, api_version: str = NEWEST
    ) -> ApiView:
        return ApiView(
            cluster.kubeconfig,
            driver=self.descriptor.driver,
            node=node.name,
            pools=self.descriptor.pools,
            cluster=cluster,
            evidence=evidence,
            patience=self._patience,
            version=api_version,
        )

    def _places_on(self, node: Node, kubeconfig: Path, pod_uid: str) -> Mapping[str, str]:
        """The placeholders of the descriptor's commands on NODE."""
        return self._places | {
            "node": node.name,
            "kubeconfig": str(kubeconfig),
            "registry_dir": str(node.registry_dir),
            "plugins_dir": str(node.plugins_dir),
            "cdi_dir": str(node.cdi_dir),
            **addresses("metrics"),
            **addresses("health"),
            "pod_uid": pod_uid,
            "nri_socket": str(node.directory / f"nri-{pod_uid}.sock"),
            "python": sys.executable,
        }

    def _harness(
        self,
        stack: ExitStack,
        cluster: ObservableCluster,
        node: Node,
        kubeconfig: Path,
        *,
        rolling: bool = False,
        pod_uid: str = "",
        api_version: str = NEWEST,
    ) -> Harness:
        logs = self._environment.logs
        kept = driver_log.reserve(logs, self.descriptor.driver) if logs else None
        evidence = Evidence(driver_log=f"{kept.parent.name}/{kept.name}" if kept else "")
        pod_uid = pod_uid or uuid.uuid4().hex[:8]  # short: a socket's path has at most 107 bytes
        places = self._places_on(node, kubeconfig, pod_uid)
        log = node.directory / f"driver-{pod_uid}.log"
        driver = DriverProcess(
            self.descriptor, places, LogFile(log), evidence, self._patience, rolling=rolling
        )
        controller = ControllerProcess(
            self.descriptor, places, LogFile(node.directory / f"controller-{pod_uid}.log"), evidence
        )
        api = self._api(cluster, node, evidence, api_version)
        cdi = CdiView(node.cdi_dir)
        containers = Containers(cdi) if uses_nri(self.descriptor) else None
        nri = NriEndpoint(Path(places["nri_socket"]), containers, self._patience) if containers else None
        kubelet = SimulatedKubelet(
            driver=self.descriptor.driver,
            registry_dir=node.registry_dir,
            evidence=evidence,
            patience=self._patience,
            containers=containers,
        )
        if nri:
            stack.callback(nri.close)
            evidence.follow(nri.seen, at_every_step=True)
        follow(evidence, log, node, cluster)
        if kept:
            stack.callback(driver_log.keep, log, kubeconfig, kept)
        for end in (api.close, kubelet.disconnect, controller.kill, driver.end):
            stack.callback(end)
        return Harness(
            descriptor=self.descriptor,
            node=NodeName(node.name),
            folder=node.directory,
            data_dir=node.plugins_dir / self.descriptor.driver,
            driver=driver,
            kubelet=kubelet,
            api=api,
            cdi=cdi,
            nri=nri,
            controller=controller,
            levers=Levers(self.descriptor, places, evidence),
            evidence=evidence,
            random=random.Random(self._environment.seed),  # noqa: S311 # names and moments are no secrets
        )


def follow(evidence: Evidence, log: Path, node: Node, cluster: ObservableCluster) -> None:
    """Let EVIDENCE have what the driver logs, writes into its CDI folder and asks of the API server."""
    evidence.follow(LogTail(log), at_every_step=True)
    evidence.follow(CdiChanges(node.cdi_dir), at_every_step=True)
    evidence.follow(DriverRequests(cluster), at_every_step=False)


def addresses(name: str) -> dict[str, str]:
    """The placeholders of one free address."""
    found = free_address()
    return {f"{name}_address": found, f"{name}_port": found.rpartition(":")[2]}
