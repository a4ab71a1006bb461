"""The provider ``kind``: makes a cluster with the program kind, or uses the one of the given name, and removes what it made."""

import secrets
from pathlib import Path

import yaml

from dra_clusters.binaries.build import say
from dra_clusters.errors import ClusterError, EnvironmentFault, UsageError
from dra_clusters.kind import config, gpus, node_image, plan, program
from dra_clusters.kind.cluster import KindCluster, folder_of, make_folder, remove, remove_abandoned
from dra_clusters.kind.command import Kind
from dra_clusters.kind.engine import Engine
from dra_clusters.kind.machine import look
from dra_clusters.provider import ClusterOptions, check_options, make_node, node_in
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import Release


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
        remove_abandoned(kind)
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
