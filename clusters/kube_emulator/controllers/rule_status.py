"""Writes into DeviceTaintRules how far eviction is (maybeUpdateRuleStatus in device_taint_eviction.go, 1.36)."""

from collections.abc import Callable

from dra_api.objects import DeviceTaint, DeviceTaintRule, DeviceTaintRuleSpec, JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import claims, slices, taint_rules
from kube_emulator.clock import Clock
from kube_emulator.controllers.feed import Changed
from kube_emulator.scheduler.framework.tolerations import meant
from kube_emulator.scheduler.framework.usage import results_of

TYPE = "EvictionInProgress"
PERIOD_S = 10
MANAGER = "device-taint-eviction"
FINAL = (
    "if the effect was NoExecute. This information will not be updated again. "
    "Recreate the DeviceTaintRule to trigger an update."
)


def counted(count: int, one: str, many: str) -> str:
    """``1 pod``, ``2 pods``."""
    return f"{count} {one if count == 1 else many}"


class RuleStatus:
    """The status of all rules; each is written at most once in PERIOD_S."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._evicted: dict[str, int] = {}
        self.due: dict[str, float] = {}
        """{rule: when it is to be looked at again}."""
        self._looked: dict[str, float] = {}

    def changed(self, changed: Changed) -> None:
        """A rule is new, other, or gone."""
        name = changed.item["metadata"]["name"]
        if changed.after is None:
            self.due.pop(name, None)
            self._looked.pop(name, None)
        elif changed.before is None or changed.before["spec"] != changed.after["spec"]:
            self.due[name] = self._clock.time()

    def evicted(self, rule: DeviceTaintRule) -> None:
        """A pod had to go because of RULE."""
        uid = rule["metadata"]["uid"]
        self._evicted[uid] = self._evicted.get(uid, 0) + 1

    def write(self, pending: Callable[[DeviceTaintRule], tuple[int, int]]) -> None:
        """Write the status of rules that are due; PENDING counts the pods that a rule would evict, and their namespaces."""
        now = self._clock.time()
        for rule in taint_rules(self._api):
            name = rule["metadata"]["name"]
            conditions = (rule.get("status") or {}).get("conditions") or []
            old: JsonObject = next((c for c in conditions if c["type"] == TYPE), {})
            current = old.get("observedGeneration") == rule["metadata"].get("generation")
            if current and rule["spec"]["taint"]["effect"] == "None":
                self.due.pop(name, None)
                continue
            again = self._looked.get(name, 0) + PERIOD_S
            if current and again > now:
                self.due[name] = again
                continue
            self.due.pop(name, None)
            self._looked[name] = now
            new = self._condition(rule, pending)
            if any(old.get(key) != value for key, value in new.items()):
                self._apply(rule, new | {"lastTransitionTime": self._clock.stamp()})

    def _apply(self, rule: DeviceTaintRule, condition: JsonObject) -> None:
        applied = {
            "apiVersion": rule["apiVersion"],
            "kind": "DeviceTaintRule",
            "metadata": {"name": rule["metadata"]["name"], "uid": rule["metadata"]["uid"]},
            "status": {"conditions": [condition]},
        }
        self._api.apply("devicetaintrules", applied, manager=MANAGER, force=True, subresource="status")

    def _condition(
        self, rule: DeviceTaintRule, pending: Callable[[DeviceTaintRule], tuple[int, int]]
    ) -> JsonObject:
        effect, evicted = rule["spec"]["taint"]["effect"], self._evicted.get(rule["metadata"]["uid"], 0)
        status, reason, message = "False", "OtherEffect", "Eviction only happens for the NoExecute effect."
        if effect == "NoExecute":
            pods, namespaces = pending(rule)
            reason, message = "Completed" if evicted else "NotStarted", ""
            if pods:
                needs = counted(pods, "pod needs to be evicted in", "pods need to be evicted in")
                status, reason = "True", "PodsPendingEviction"
                message = f"{needs} {counted(namespaces, 'namespace', 'different namespaces')}."
        elif effect == "None":
            reason, message = "NoEffect", self._simulation(rule, pending)
        if evicted:
            summary = f"{counted(evicted, 'pod', 'pods')} evicted since starting the controller."
            message = f"{message} {summary}".strip()
        return {
            "type": TYPE,
            "status": status,
            "reason": reason,
            "message": message,
            "observedGeneration": rule["metadata"].get("generation", 0),
        }

    def _simulation(
        self, rule: DeviceTaintRule, pending: Callable[[DeviceTaintRule], tuple[int, int]]
    ) -> str:
        """What RULE would do with the effect NoExecute."""
        taint: DeviceTaint = {**rule["spec"]["taint"], "effect": "NoExecute"}
        spec: DeviceTaintRuleSpec = {**rule["spec"], "taint": taint}
        pods, namespaces = pending({**rule, "spec": spec})
        published = sum(
            meant(rule, item["spec"]["driver"], item["spec"]["pool"]["name"], device["name"])
            for item in slices(self._api)
            for device in item["spec"].get("devices") or []
        )
        allocated = sum(
            meant(rule, result["driver"], result["pool"], result["device"])
            for claim in claims(self._api)
            for result in results_of(claim)
        )
        return (
            f"{counted(published, 'published device', 'published devices')} selected. "
            f"{counted(allocated, 'allocated device', 'allocated devices')} selected. "
            f"{counted(pods, 'pod', 'pods')} would be evicted in "
            f"{counted(namespaces, 'namespace', 'different namespaces')} {FINAL}"
        )
