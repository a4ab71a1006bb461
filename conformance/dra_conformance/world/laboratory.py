"""Where worlds come from: one machine for all, and for each world a node, an API server and a driver that is not started."""

import random
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dra_clusters.choose import provider
from dra_clusters.errors import ClusterError
from dra_clusters.provider import ClusterOptions, ObservableCluster
from dra_conformance.descriptor import Descriptor
from dra_conformance.errors import HarnessError
from dra_conformance.world.api import ApiView
from dra_conformance.world.cdi import CdiView
from dra_conformance.world.evidence import Evidence
from dra_conformance.world.kubelet import KubeletDouble
from dra_conformance.world.process import DriverProcess, free_address, start_machine
from dra_conformance.world.world import World

NODE = "node-0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """On what a driver is judged; an empty machine means the descriptor's."""

    machine: str = ""
    provider: str = "embedded"
    kubernetes: str = "1.37"
    seed: int = 0


class Laboratory:
    """A context in which worlds can be made; at its end nothing of it runs and its folder is gone."""

    def __init__(self, descriptor: Descriptor, choices: Choices) -> None:
        self._descriptor = descriptor
        self._choices = choices
        self._stack = ExitStack()
        self._places: dict[str, str] = {"machine": "", "machine_dir": ""}
        self._folder = Path()

    def __enter__(self) -> Self:
        """Start the machine.

        Raises:
            HarnessError: it does not get ready.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="dra-"))  # a short name, because sockets have short names
        self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
        machine = self._descriptor.machine
        if machine is not None:
            name = self._choices.machine or machine.default
            self._places = {"machine": name, "machine_dir": str(self._folder / "m")}
            try:
                process = start_machine(machine, self._places, self._folder / "machine.log")
            except BaseException:
                self._stack.close()
                raise
            self._stack.callback(process.end)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def make(self, stack: ExitStack) -> World:
        """A world; its end is pushed on STACK.

        Raises:
            HarnessError: the cluster cannot be had, or shows too little.
        """
        place = Path(tempfile.mkdtemp(dir=self._folder, prefix="n"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        options = ClusterOptions(
            directory=place,
            kubernetes=self._choices.kubernetes,
            nodes=(NODE,),
            parts=frozenset({"api"}),
            seed=self._choices.seed,
        )
        try:
            cluster = provider(self._choices.provider).up(options)
        except ClusterError as error:
            raise HarnessError(str(error)) from error
        stack.callback(cluster.down)
        if not isinstance(cluster, ObservableCluster):
            message = (
                f"provider {cluster.name} has no audit and no faults, which checks at the node tier need"
            )
            raise HarnessError(message)
        [node] = cluster.nodes
        evidence = Evidence()
        places = self._places | {
            "node": node.name,
            "kubeconfig": str(cluster.kubeconfig_of("driver")),
            "registry_dir": str(node.registry_dir),
            "plugins_dir": str(node.plugins_dir),
            "cdi_dir": str(node.cdi_dir),
            "metrics_address": free_address(),
            "python": sys.executable,
        }
        driver = DriverProcess(self._descriptor, places, place / "driver.log", evidence)
        api = ApiView(
            cluster.kubeconfig,
            driver=self._descriptor.driver,
            node=node.name,
            cluster=cluster,
            evidence=evidence,
        )
        kubelet = KubeletDouble(
            driver=self._descriptor.driver, registry_dir=node.registry_dir, evidence=evidence
        )
        for end in (api.close, kubelet.hang_up, driver.end):
            stack.callback(end)
        return World(
            descriptor=self._descriptor,
            node=node.name,
            folder=node.directory,
            data_dir=node.plugins_dir / self._descriptor.driver,
            driver=driver,
            kubelet=kubelet,
            api=api,
            cdi=CdiView(node.cdi_dir),
            evidence=evidence,
            random=random.Random(self._choices.seed),  # noqa: S311 # names and moments are no secrets
        )
