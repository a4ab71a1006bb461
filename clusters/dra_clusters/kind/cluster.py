"""A cluster of kind that runs: how it is made, found again, given images and fake GPUs, and removed.

Everything of a cluster is containers of the engine and one folder on this machine, which is mounted into its nodes at the
same path, so that drivers on this machine register at real kubelets. The name of the folder is that of the cluster, so that
a cluster that was kept is found again.
"""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Self

import yaml

from dra_clusters.binaries.build import say
from dra_clusters.errors import EnvironmentFault
from dra_clusters.guard import ProcessGuard
from dra_clusters.images.build import cached
from dra_clusters.kind import config, gpus, program
from dra_clusters.kind.command import DELETE_S, Kind
from dra_clusters.kind.idle import idle_archive
from dra_clusters.kind.network import connect, wait_ready
from dra_clusters.kind.ownership import Ownership, abandoned
from dra_clusters.node import containers
from dra_clusters.provider import ClusterOptions, ContainerView, Node, node_in
from dra_clusters.raw_client import RawClient
from kube_emulator.kubeconfig import write_private

CREATE_S, LOAD_S = 400.0, 120.0


class KindCluster:
    """A cluster of kind that runs."""

    name = "kind"

    def __init__(self, kind: Kind, name: str, folder: Path, *, keep: bool) -> None:
        self._kind = kind
        self._keep, self._ended = keep, False
        self._folder = folder
        self._guard = ProcessGuard()
        self._ownership = Ownership(folder)
        self.cluster_name = name
        self.kubeconfig = folder / "kubeconfig"
        self.kubernetes = ""
        self.nodes: tuple[Node, ...] = ()
        self.capabilities = frozenset(
            {"api", "rbac", "scheduler", "controllers", "kubelet", "container-runtime"}
        )

    def keep(self, *, on: bool) -> None:
        """Whether the cluster goes on after this process, however that ends."""
        self._keep = on
        if on:
            self._guard.forget_commands()
            self._ownership.give_up()

    def create(self, settings: config.KindSettings) -> None:
        """Make it, and wait until its nodes are Ready.

        Raises:
            EnvironmentFault: a step failed; nothing is left.
        """
        self._guard.on_death(self._kind.delete_command(self.cluster_name))
        self._guard.on_death(["rm", "-rf", str(self._folder)])
        self._ownership.take()
        document = self._folder / "kind.yaml"
        write_private(document, yaml.safe_dump(config.cluster_config(settings)).encode())
        say(
            f"making the kind cluster {self.cluster_name} with {len(settings.nodes)} nodes of {settings.image} ..."
        )
        start = time.monotonic()
        flags = ("--name", self.cluster_name, "--config", str(document), "--kubeconfig", str(self.kubeconfig))
        self._kind.run("create", "cluster", *flags, limit_s=CREATE_S, guard=self._guard)
        with RawClient(self.kubeconfig) as client:
            if settings.own_image:
                connect(client, self._kind.engine, settings.nodes)
            wait_ready(client, settings.nodes)
        say(f"{self.cluster_name}: ready in {time.monotonic() - start:.0f} s")

    def adopt(self) -> None:
        """Find the nodes of the cluster, which runs."""
        names = self._kind.run("get", "nodes", "--name", self.cluster_name, limit_s=DELETE_S).split()
        workers = sorted(name for name in names if "-worker" in name) or names
        self.nodes = tuple(node_in(self._folder, name) for name in workers)
        if len(names) > 1:
            self.capabilities |= {"multi-node"}
        if not self.kubeconfig.is_file():
            text = self._kind.run("get", "kubeconfig", "--name", self.cluster_name, limit_s=DELETE_S)
            write_private(self.kubeconfig, text.encode())
        with RawClient(self.kubeconfig) as client:
            version = client.send("GET", "/version").expect(200)
            self.kubernetes = f"{version['major']}.{version['minor'].rstrip('+')}"

    def load(self, archive: Path) -> None:
        """Import the images of an OCI archive into every node."""
        self._kind.run("load", "image-archive", str(archive), "--name", self.cluster_name, limit_s=LOAD_S)

    def load_idle(self) -> None:
        """Import the image that the pods of behaviours and checks name."""
        with tempfile.TemporaryDirectory(prefix="dra-kind-") as scratch:
            self.load(idle_archive(Path(scratch)))

    def provide(self, options: ClusterOptions) -> None:
        """Load the images and install the fake GPUs that OPTIONS name.

        Raises:
            EnvironmentFault: one cannot be.
        """
        for archive in options.images:
            self.load(archive)
        if options.gpus:
            self.install_gpus(options.gpus)

    def install_gpus(self, machine: str) -> None:
        """Let every node with pods have the fake GPUs of MACHINE.

        Raises:
            EnvironmentFault: the image cannot be made, or a node does not serve.
        """
        say(f"fake GPUs {machine} on {len(self.nodes)} nodes ...")
        start = time.monotonic()
        self.load(cached(gpus.IMAGE, program.folder() / "images"))
        with RawClient(self.kubeconfig) as client:
            gpus.install(client, machine, [node.name for node in self.nodes])
        say(f"fake GPUs {machine}: served in {time.monotonic() - start:.0f} s")

    def container(self, node: str, namespace: str, pod: str, name: str) -> ContainerView:
        """What a container of a pod was given, from its OCI specification.

        Raises:
            EnvironmentFault: there is no such container.
        """
        inside, ctr = self._kind.engine.inside, ("ctr", "--namespace", "k8s.io", "containers")
        found = inside(node, *ctr, "list", "--quiet", containers.labels(namespace, pod, name)).split()
        if not found:
            raise containers.absent(node, namespace, pod, name)
        return containers.view(json.loads(inside(node, *ctr, "info", "--spec", found[-1])))

    def __enter__(self) -> Self:
        """The cluster, which its provider has made."""
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def down(self) -> None:
        """Remove it, unless it is kept; idempotent. Where that fails or is interrupted, the guard does it when this process ends.

        Raises:
            EnvironmentFault: it cannot be removed.
        """
        if self._ended:
            return
        self._ended = True
        if self._keep:
            say(
                f"the kind cluster {self.cluster_name} goes on; end it with: dra-cluster down {self.cluster_name}"
            )
        else:
            remove(self._kind, self.cluster_name)
        self._guard.forget_commands()
        self._guard.close()
        self._ownership.give_up()


def remove(kind: Kind, name: str) -> None:
    """Remove the cluster NAME and its folder; harmless if it is not there.

    Raises:
        EnvironmentFault: the engine does not let us.
    """
    kind.run("delete", "cluster", "--name", name, "--kubeconfig", os.devnull, limit_s=DELETE_S)
    shutil.rmtree(folder_of(name), ignore_errors=True)


def remove_abandoned(kind: Kind) -> None:
    """Remove the clusters whose command was killed together with its guard.

    Raises:
        EnvironmentFault: the engine does not let us.
    """
    prefix = folder_of("").name
    for folder in abandoned(sorted(folder_of("").parent.glob(f"{prefix}*"))):
        name = folder.name.removeprefix(prefix)
        say(f"removing the kind cluster {name}, whose command was killed ...")
        remove(kind, name)


def folder_of(name: str) -> Path:
    """The folder of the cluster NAME: short, as the paths of sockets have at most 107 bytes."""
    return Path(tempfile.gettempdir()) / f"dra-kind-{name}"


def make_folder(name: str) -> Path:
    """The folder of a new cluster.

    Raises:
        EnvironmentFault: it cannot be made, or is there and may be another user's.
    """
    folder = folder_of(name)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        message = (
            f"{folder} is there although there is no kind cluster {name}; remove it, or choose another --name"
        )
        raise EnvironmentFault(message) from error
    except OSError as error:
        message = f"cannot make {folder}: {error.strerror}; set TMPDIR to a folder that can be written"
        raise EnvironmentFault(message) from error
    return folder
