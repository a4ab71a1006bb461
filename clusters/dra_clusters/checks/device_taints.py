"""Eviction of pods whose devices are tainted, by slices and by DeviceTaintRules (pkg/controller/devicetainteviction)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import RESOURCE, CheckContext
from dra_clusters.checks.scenario import Scenario, request

EVICTION = UPSTREAM + "pkg/controller/devicetainteviction/device_taint_eviction.go"
NEEDS = ("api", "controllers", "scheduler")
RULES = "devicetaintrules"
SICK = "example.com/sick"
SINCE = "1.37"
"""The first release that serves DeviceTaintRule v1 and has the gate on."""


def rule(context: CheckContext, driver: str, effect: str) -> str:
    """A rule that taints all devices of DRIVER; its name."""
    spec = {"deviceSelector": {"driver": driver}, "taint": {"key": SICK, "effect": effect}}
    name = context.name()
    path = f"{RESOURCE}/{RULES}"
    context.client.send("POST", path, {"metadata": {"name": name}, "spec": spec}).expect(201)
    context.forget_on_exit(f"{path}/{name}")
    return name


def read(context: CheckContext, name: str) -> JsonObject:
    """A rule as it is now."""
    found: JsonObject = context.client.send("GET", f"{RESOURCE}/{RULES}/{name}").expect(200)
    return found


def progress(context: CheckContext, name: str, *reasons: str) -> JsonObject:
    """The condition EvictionInProgress of a rule, once it has one of REASONS."""

    def look() -> Any:
        conditions = (read(context, name).get("status") or {}).get("conditions") or []
        found = [c for c in conditions if c["type"] == "EvictionInProgress"]
        return found if found and found[0]["reason"] in reasons else None

    condition: JsonObject = eventually(look, f"EvictionInProgress with reason {' or '.join(reasons)}", 20)[0]
    return condition


@behaviour("device-taints/rule-gets-a-time", UPSTREAM + "pkg/registry/resource/devicetaintrule", since=SINCE)
def rule_gets_a_time(context: CheckContext) -> None:
    """The taint of a rule without timeAdded gets the time of the write."""
    stored = read(context, rule(context, f"{context.name()}.example.com", "NoSchedule"))
    same(stored["spec"]["taint"].get("timeAdded"), stored["metadata"]["creationTimestamp"], "timeAdded")


@behaviour("device-taints/rule-keeps-away", "KEP 5055", needs=("api", "scheduler"), since=SINCE)
def rule_keeps_away(context: CheckContext) -> None:
    """A rule taints devices as a slice does: a new claim does not get them until the rule is gone."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    name = rule(context, scenario.driver, "NoSchedule")
    pod = scenario.pod(scenario.claim())
    scenario.waiting(pod)
    context.client.send("DELETE", f"{RESOURCE}/{RULES}/{name}").expect(200)
    scenario.scheduled(pod)


@behaviour("device-taints/rule-without-effect-counts", EVICTION, needs=NEEDS, since=SINCE)
def dry_run(context: CheckContext) -> None:
    """A rule of effect None evicts nobody and says how many pods NoExecute would evict: NoEffect, 1 pod."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(scenario.claim())
    scenario.scheduled(pod)
    condition = progress(context, rule(context, scenario.driver, "None"), "NoEffect")
    same(condition["status"], "False", "status")
    holds("1 pod" in condition["message"], "the number of pods", condition["message"])
    same(scenario.read("pods", pod)["metadata"].get("deletionTimestamp"), None, "deletionTimestamp")


@behaviour("device-taints/rule-of-other-effect", EVICTION, needs=NEEDS, since=SINCE)
def other_effect(context: CheckContext) -> None:
    """A rule of effect NoSchedule says OtherEffect: nothing is evicted."""
    name = rule(context, f"{context.name()}.example.com", "NoSchedule")
    same(progress(context, name, "OtherEffect")["status"], "False", "status")


@behaviour("device-taints/rule-evicts", EVICTION, needs=NEEDS, since=SINCE)
def rule_evicts(context: CheckContext) -> None:
    """A rule of effect NoExecute deletes the pods that use its devices, and says Completed when none is left."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(scenario.claim())
    scenario.scheduled(pod)
    name = rule(context, scenario.driver, "NoExecute")

    def deleted() -> Any:
        found = context.get("pods", pod)
        return found.code == 404 or found.expect(200)["metadata"].get("deletionTimestamp")

    eventually(deleted, "the pod is deleted")
    context.delete("pods", pod, {"gracePeriodSeconds": 0})
    condition = progress(context, name, "Completed")
    holds("1 pod evicted" in condition["message"], "the number of evicted pods", condition["message"])


@behaviour("device-taints/tolerated-for-a-time", EVICTION, needs=NEEDS, since="1.36")
def tolerated_for_a_time(context: CheckContext) -> None:
    """With tolerationSeconds a pod stays for that time after the taint came, and then goes; one of a removed taint stays."""
    scenario = Scenario(context)
    devices = ["d0", "d1"]
    name = scenario.publish(scenario.node(), devices)

    def tolerant(seconds: int) -> str:
        toleration = {"key": SICK, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
        pod = scenario.pod(scenario.claim(request(tolerations=[toleration])))
        scenario.scheduled(pod)
        return pod

    stays, goes = tolerant(2), tolerant(1)
    taints = [{"key": SICK, "effect": "NoExecute"}]
    sick = [{"name": each, "taints": taints} for each in devices]
    stored = context.patch("merge", "resourceslices", name, {"spec": {"devices": sick}}).expect(200)
    added = stored["spec"]["devices"][0]["taints"][0]["timeAdded"]
    healed: list[JsonObject] = [{"name": "d0"}, sick[1]]
    context.patch("merge", "resourceslices", name, {"spec": {"devices": healed}}).expect(200)

    def gone_at() -> Any:
        found = context.get("pods", goes)
        return "gone" if found.code == 404 else found.expect(200)["metadata"].get("deletionTimestamp")

    at = eventually(gone_at, f"the pod goes a second after {added}")
    holds(at == "gone" or at > added, f"a time after {added}", at)
    same(
        scenario.read("pods", stays)["metadata"].get("deletionTimestamp"),
        None,
        "the pod whose device is healed",
    )
