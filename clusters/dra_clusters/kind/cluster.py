"""The provider ``kind``: makes a cluster with the program kind, or uses the one of the given name, and removes what it made.

Everything of a cluster is containers of the engine and one folder on this machine, which is mounted into its nodes at the
same path, so that drivers on this machine register at real kubelets. The name of the folder is that of the cluster, so that
a cluster that was kept is found again.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import yaml

from dra_clusters.binaries.build import say
from dra_clusters.errors import ClusterError, EnvironmentFault, UsageError
from dra_clusters.guard import ProcessGuard
from dra_clusters.images.build import cached
from dra_clusters.kind import config, gpus, node_image, plan, program
from dra_clusters.kind.engine import Engine
from dra_clusters.kind.failures import explained
from dra_clusters.kind.idle import idle_archive
from dra_clusters.kind.machine import look
from dra_clusters.kind.network import connect, wait_ready
from dra_clusters.node import containers
from dra_clusters.provider import ClusterOptions, ContainerView, Node, check_options, make_node, node_in
from dra_clusters.raw_client import RawClient
from kube_emulator.kubeconfig import write_private
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import Release

CREATE_S, DELETE_S, LOAD_S = 400.0, 120.0, 120.0


class Kind:
    """The program kind with an engine."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.engine = engine

    def run(self, *arguments: str, limit_s: float, guard: ProcessGuard | None = None) -> str:
        """Run kind; what it printed.

        Raises:
            EnvironmentFault: it failed, or did not end in time.
        """
        what = f"kind {' '.join(arguments[:3])}"
        process = subprocess.Popen(
            [str(self.path), *arguments],
            env=self.engine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C of the terminal is for us: we end kind and remove what it made
        )
        if guard is not None:
            guard.add(process.pid)
        try:
            out, err = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired as error:
            message = f"{what} did not end within {limit_s:.0f} s"
            raise EnvironmentFault(message) from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if guard is not None:
                guard.discard(process.pid)
        if process.returncode:
            message = f"{what} failed: {explained(err)}"
            raise EnvironmentFault(message)
        return out

    def clusters(self) -> list[str]:
        """The names of all its clusters."""
        return self.run("get", "clusters", limit_s=DELETE_S).split()

    def delete_command(self, name: str) -> list[str]:
        """What removes a cluster, also from a process that knows nothing of this one."""
        settings = [f"{key}={value}" for key, value in self.engine.settings.items()]
        return [
            "env",
            *settings,
            str(self.path),
            "delete",
            "cluster",
            "--name",
            name,
            "--kubeconfig",
            os.devnull,
        ]


class KindCluster:
    """A cluster of kind that runs."""

    name = "kind"

    def __init__(self, kind: Kind, name: str, folder: Path, *, keep: bool) -> None:
        self._kind = kind
        self._keep, self._ended = keep, False
        self._folder = folder
        self._guard = ProcessGuard()
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

    def create(self, settings: config.KindSettings) -> None:
        """Make it, and wait until its nodes are Ready.

        Raises:
            EnvironmentFault: a step failed; nothing is left.
        """
        self._guard.on_death(self._kind.delete_command(self.cluster_name))
        self._guard.on_death(["rm", "-rf", str(self._folder)])
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
        """Remove it, unless it is kept; idempotent.

        Raises:
            EnvironmentFault: it cannot be removed.
        """
        if self._ended:
            return
        self._ended = True
        try:
            if self._keep:
                say(
                    f"the kind cluster {self.cluster_name} goes on; end it with: dra-cluster down {self.cluster_name}"
                )
            else:
                remove(self._kind, self.cluster_name)
        finally:
            self._guard.forget_commands()
            self._guard.close()


def remove(kind: Kind, name: str) -> None:
    """Remove the cluster NAME and its folder; harmless if it is not there.

    Raises:
        EnvironmentFault: the engine does not let us.
    """
    kind.run("delete", "cluster", "--name", name, "--kubeconfig", os.devnull, limit_s=DELETE_S)
    shutil.rmtree(folder_of(name), ignore_errors=True)


def down(name: str) -> None:
    """Remove a cluster that was kept.

    Raises:
        UsageError: there is none of that name.
        EnvironmentFault: it cannot be removed.
    """
    engine = Engine(plan.choose(look()), program.folder())
    kind = Kind(program.find_or_build(), engine)
    if name not in (there := kind.clusters()):
        message = f"no kind cluster {name!r}; there are: {', '.join(there) or 'none'}"
        raise UsageError(message)
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


def chosen_image(engine: Engine, choice: plan.Choice, options: ClusterOptions) -> str:
    """The node image, which the engine has afterwards.

    Raises:
        UsageError: there is none of the release.
        EnvironmentFault: it can be neither pulled nor made.
    """
    if options.node_image:
        return options.node_image
    if choice.own_image:
        return node_image.own_image(engine, options.kubernetes)
    image = plan.published_image(options.kubernetes)
    if engine.has_image(image):
        return image
    say(f"pulling {image} (about 1 GB, once) ...")
    try:
        engine.pull(image)
    except EnvironmentFault as error:
        say(f"{error}; making one")
        try:
            return node_image.own_image(engine, options.kubernetes)
        except ClusterError as other:
            message = f"{error}; and none can be made here: {other}"
            raise EnvironmentFault(message) from other
    return image


def settings_of(options: ClusterOptions, name: str, image: str) -> config.KindSettings:
    """What a new cluster is made with."""
    names = plan.node_names(name, len(options.nodes))
    folder = folder_of(name)
    return config.KindSettings(
        name=name,
        image=image,
        nodes=names,
        folders={each: node_in(folder, each).directory for each in names},
        gates=options.gates,
        runtime_config=options.runtime_config,
        own_image=image.startswith(node_image.REPOSITORY),
    )


def printed_config(options: ClusterOptions) -> str:
    """Kind's configuration for OPTIONS, with nothing made or pulled: for ``--print-config``.

    Raises:
        UsageError, EnvironmentFault: as ``KindProvider.up``.
    """
    check(options)
    choice = plan.choose(look())
    own = f"{node_image.REPOSITORY}:v{options.kubernetes}"
    image = options.node_image or (own if choice.own_image else plan.published_image(options.kubernetes))
    return yaml.safe_dump(
        config.cluster_config(settings_of(options, options.name or "dra", image)), sort_keys=False
    )


def check(options: ClusterOptions) -> None:
    """Check what can be said before anything is made.

    Raises:
        UsageError: unknown release, gate or part, or an option that kind has not.
    """
    check_options(options)
    plan.check_kind_options(options)
    gates_of(Release.parse(options.kubernetes), options.gates)
    if lacking := [str(path) for path in options.images if not path.is_file()]:
        message = f"--load: no archive {', '.join(lacking)}; write one with: dra-cluster image build"
        raise UsageError(message)
    if options.gpus:
        gpus.check_machine(options.gpus)


class KindProvider:
    """Makes clusters of kind."""

    name = "kind"

    def up(self, options: ClusterOptions) -> KindCluster:
        """A cluster that is ready.

        Raises:
            UsageError: unknown release, gate or part, or a cluster of that name that is another one.
            EnvironmentFault: no engine, no image, or a step failed; nothing is left then.
        """
        check(options)
        choice = plan.choose(look())
        say(f"kind: {', '.join(choice.reasons)}")
        engine = Engine(choice, program.folder())
        kind = Kind(program.find_or_build(), engine)
        if options.name and options.name in kind.clusters():
            return self._existing(kind, options)
        image = chosen_image(engine, choice, options)
        name = options.name or f"dra-{secrets.token_hex(3)}"
        if not Path("/lib/modules").exists() and choice.private:
            Path("/lib/modules").mkdir()  # kind mounts it, and podman does not make what it mounts
        cluster = KindCluster(kind, name, make_folder(name), keep=False)
        try:
            settings = settings_of(options, name, image)
            for each in settings.nodes:
                make_node(folder_of(name), each)
            cluster.create(settings)
            cluster.adopt()
            if not settings.own_image:
                cluster.load_idle()
            cluster.provide(options)
            cluster.keep(on=options.keep)
        except BaseException:
            cluster.down()
            raise
        return cluster

    def _existing(self, kind: Kind, options: ClusterOptions) -> KindCluster:
        """The cluster that was kept."""
        folder = folder_of(options.name)
        if not (folder / "kind.yaml").is_file():
            message = f"there is a kind cluster {options.name} that this command did not make; use it with --provider existing, or choose another --name"
            raise UsageError(message)
        cluster = KindCluster(kind, options.name, folder, keep=True)
        try:
            cluster.adopt()
            if cluster.kubernetes != options.kubernetes or len(cluster.nodes) < len(options.nodes):
                message = f"the kind cluster {options.name} is Kubernetes {cluster.kubernetes} with {len(cluster.nodes)} nodes; wanted {options.kubernetes} with {len(options.nodes)}; choose another --name"
                raise UsageError(message)
            cluster.provide(options)
        except BaseException:
            cluster.down()
            raise
        return cluster
