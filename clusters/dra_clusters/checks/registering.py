"""How a kubelet finds drivers: registration, versions, instances (pkg/kubelet/pluginmanager, cm/dra/plugin)."""

from dra_api import names
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.node_stage import NodeStage
from dra_clusters.checks.world import World

MANAGER = UPSTREAM + "pkg/kubelet/pluginmanager"
PLUGINS = UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go"
DRA = UPSTREAM + "pkg/kubelet/cm/dra/manager.go"
NEEDS = ("api", "scheduler", "controllers", "kubelet")


@behaviour("kubelet/registers", MANAGER, needs=NEEDS)
def registers(world: World) -> None:
    """A socket in the registry folder is asked for its info and told that it is registered."""
    stage = NodeStage(world)
    stage.plugin.registered()
    same(stage.plugin.registrations, [(True, "")], "notifications")


@behaviour("kubelet/refuses-unknown-types", MANAGER, needs=NEEDS)
def unknown_types(world: World) -> None:
    """A plugin of a type without handler is told so."""
    stage = NodeStage(world, kind="NoSuchType")
    eventually(lambda: stage.plugin.registrations, "a notification")
    registered, error = stage.plugin.registrations[0]
    same(registered, False, "registered")
    holds("NoSuchType" in error, "the type in the error", error)


@behaviour("kubelet/refuses-no-versions", PLUGINS, needs=NEEDS)
def no_versions(world: World) -> None:
    """A plugin without versions is refused."""
    stage = NodeStage(world, versions=())
    eventually(lambda: stage.plugin.registrations, "a notification")
    same(stage.plugin.registrations[0][0], False, "registered")


@behaviour(
    "kubelet/refuses-unknown-versions",
    PLUGINS,
    needs=NEEDS,
)
def unknown_versions(world: World) -> None:
    """A plugin with unknown services only is refused, and the error names what is supported."""
    stage = NodeStage(world, versions=["v9.DRAPlugin"])
    eventually(lambda: stage.plugin.registrations, "a notification")
    registered, error = stage.plugin.registrations[0]
    same(registered, False, "registered")
    holds(names.DRA_V1 in error, f"{names.DRA_V1} in the error", error)


@behaviour(
    "kubelet/takes-the-first-known-version",
    PLUGINS,
    needs=NEEDS,
)
def first_version(world: World) -> None:
    """The first service of the plugin's list that the kubelet knows is called."""
    stage = NodeStage(world, versions=["v9.DRAPlugin", names.DRA_V1BETA1, names.DRA_V1]).ready()
    stage.running(stage.run(stage.claim()))
    same({version for _, version, _ in stage.plugin.calls}, {"v1beta1"}, "versions called")


@behaviour("kubelet/waits-for-the-driver", DRA, needs=NEEDS)
def waits_for_the_driver(world: World) -> None:
    """A pod whose driver is not registered says so and runs when the driver comes."""
    stage = NodeStage(world).ready()
    stage.plugin.stop()
    pod = stage.run(stage.claim())
    stage.failure(pod, stage.driver, "not registered")
    stage.start()
    stage.running(pod)


@behaviour("kubelet/restarted-driver-is-registered-again", MANAGER, needs=NEEDS)
def restarted_driver(world: World) -> None:
    """A driver that stops and comes back is registered again and serves the next pod."""
    stage = NodeStage(world).ready()
    stage.running(stage.run(stage.claim()))
    stage.plugin.stop()
    second = stage.start()
    second.registered()
    claim = stage.claim()
    stage.running(stage.run(claim))
    same(second.claims("prepare"), [{claim}], "claims of the calls")


@behaviour(
    "kubelet/newest-instance-serves",
    PLUGINS,
    needs=NEEDS,
)
def newest_instance(world: World) -> None:
    """Of two instances of a driver the one that registered last is called."""
    stage = NodeStage(world).ready()
    second = stage.start(instance="-new")
    second.registered()
    stage.running(stage.run(stage.claim()))
    same((len(stage.plugin.claims("prepare")), len(second.claims("prepare"))), (0, 1), "calls")


@behaviour(
    "kubelet/older-instance-takes-over",
    PLUGINS,
    needs=NEEDS,
)
def older_instance(world: World) -> None:
    """When the newer instance goes the older one is called again."""
    stage = NodeStage(world).ready()
    second = stage.start(instance="-new")
    second.registered()
    second.stop()
    stage.running(stage.run(stage.claim()))
    same(len(stage.plugin.claims("prepare")), 1, "calls of the older instance")
