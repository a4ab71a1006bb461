"""How a kubelet finds drivers: registration, versions, instances (pkg/kubelet/pluginmanager, cm/dra/plugin)."""

import threading
from typing import Any

from dra_api import names
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.node_scenario import POD_S, NodeScenario

MANAGER = UPSTREAM + "pkg/kubelet/pluginmanager"
PLUGINS = UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go"
DRA = UPSTREAM + "pkg/kubelet/cm/dra/manager.go"
NEEDS = ("api", "scheduler", "controllers", "kubelet")


@behaviour("kubelet/registers", MANAGER, needs=NEEDS)
def registers(context: CheckContext) -> None:
    """A plugin whose socket is in the registry folder gets GetInfo, and then NotifyRegistrationStatus with success."""
    scenario = NodeScenario(context)
    scenario.plugin.registered()
    same(scenario.plugin.registrations, [(True, "")], "notifications")


@behaviour("kubelet/refuses-unknown-types", MANAGER, needs=NEEDS)
def unknown_types(context: CheckContext) -> None:
    """A plugin of a type without handler gets NotifyRegistrationStatus with an error."""
    scenario = NodeScenario(context, kind="NoSuchType")
    eventually(lambda: scenario.plugin.registrations, "a notification")
    registered, error = scenario.plugin.registrations[0]
    same(registered, False, "registered")
    holds("NoSuchType" in error, "the type in the error", error)


@behaviour("kubelet/refuses-no-versions", PLUGINS, needs=NEEDS)
def no_versions(context: CheckContext) -> None:
    """A plugin without versions is refused."""
    scenario = NodeScenario(context, versions=())
    eventually(lambda: scenario.plugin.registrations, "a notification")
    same(scenario.plugin.registrations[0][0], False, "registered")


@behaviour(
    "kubelet/refuses-unknown-versions",
    PLUGINS,
    needs=NEEDS,
)
def unknown_versions(context: CheckContext) -> None:
    """A plugin with unknown services only is refused, and the error names what is supported."""
    scenario = NodeScenario(context, versions=["v9.DRAPlugin"])
    eventually(lambda: scenario.plugin.registrations, "a notification")
    registered, error = scenario.plugin.registrations[0]
    same(registered, False, "registered")
    holds(names.DRA_V1 in error, f"{names.DRA_V1} in the error", error)


@behaviour(
    "kubelet/takes-the-first-known-version",
    PLUGINS,
    needs=NEEDS,
)
def first_version(context: CheckContext) -> None:
    """The first service of the plugin's list that the kubelet knows is called."""
    scenario = NodeScenario(context, versions=["v9.DRAPlugin", names.DRA_V1BETA1, names.DRA_V1]).ready()
    scenario.running(scenario.run(scenario.claim()))
    same({version for _, version, _ in scenario.plugin.calls}, {"v1beta1"}, "versions called")


@behaviour("kubelet/waits-for-the-driver", DRA, needs=NEEDS)
def waits_for_the_driver(context: CheckContext) -> None:
    """A pod whose driver is not registered says so and runs when the driver comes."""
    scenario = NodeScenario(context).ready()
    scenario.plugin.stop()
    pod = scenario.run(scenario.claim())
    scenario.failure(pod, scenario.driver, "not registered")
    scenario.start()
    scenario.running(pod)


@behaviour("kubelet/restarted-driver-is-registered-again", MANAGER, needs=NEEDS)
def restarted_driver(context: CheckContext) -> None:
    """A driver that stops and comes back is registered again and serves the next pod."""
    scenario = NodeScenario(context).ready()
    scenario.running(scenario.run(scenario.claim()))
    scenario.plugin.stop()
    second = scenario.start()
    second.registered()
    claim = scenario.claim()
    scenario.running(scenario.run(claim))
    same(second.claims("prepare"), [{claim}], "claims of the calls")


@behaviour(
    "kubelet/newest-instance-serves",
    PLUGINS,
    needs=NEEDS,
)
def newest_instance(context: CheckContext) -> None:
    """Of two instances of a driver the one that registered last is called."""
    scenario = NodeScenario(context).ready()
    second = scenario.start(instance="-new")
    second.registered()
    scenario.running(scenario.run(scenario.claim()))
    same((len(scenario.plugin.claims("prepare")), len(second.claims("prepare"))), (0, 1), "calls")


@behaviour(
    "kubelet/older-instance-takes-over",
    PLUGINS,
    needs=NEEDS,
)
def older_instance(context: CheckContext) -> None:
    """When the newer instance ends, the older one is called again."""
    scenario = NodeScenario(context).ready()
    second = scenario.start(instance="-new")
    second.registered()
    second.stop()
    scenario.running(scenario.run(scenario.claim()))
    same(len(scenario.plugin.claims("prepare")), 1, "calls of the older instance")


@behaviour("kubelet/call-ends-with-the-registration", PLUGINS, needs=NEEDS)
def call_ends(context: CheckContext) -> None:
    """A call to a driver that is deregistered meanwhile fails, and the pod runs when the driver is back."""
    scenario = NodeScenario(context)
    called, hangs = threading.Event(), threading.Event()

    def hang(request: Any, response: Any, context: Any) -> Any:
        called.set()
        hangs.wait(POD_S)
        return response

    scenario.plugin.prepare = hang
    context.defer(hangs.set)
    pod = scenario.ready().run(scenario.claim())
    eventually(called.is_set, "the driver is called", POD_S)
    scenario.plugin.registration.unlink()
    scenario.failure(pod, "code = Canceled")
    scenario.start(instance="-next")
    scenario.running(pod)
