"""ResourceQuotas of claims and of the devices of a class (pkg/quota/v1/evaluator/core, pkg/controller/resourcequota)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import INVALID, refused, sample

EVALUATOR = UPSTREAM + "pkg/quota/v1/evaluator/core/resource_claims.go"
ADMISSION = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go"
VALIDATION = UPSTREAM + "pkg/apis/core/validation/validation.go"
NEEDS = ("api", "controllers")
CLAIMS, DEVICES = "count/resourceclaims.resource.k8s.io", "gold.deviceclass.resource.k8s.io/devices"
PATIENCE_S = 60
"""The controller of a new cluster counts only when it has seen every kind."""


def request(name: str = "r", **members: Any) -> JsonObject:
    """A request for devices of the class gold."""
    return {"name": name, "exactly": {"deviceClassName": "gold", **members}}


def claim(context: CheckContext, *requests: JsonObject) -> JsonObject:
    """A claim with these requests."""
    return sample(context, "resourceclaims", {"spec.devices.requests": list(requests)})


def quota(context: CheckContext, **hard: str) -> str:
    """The name of a quota that is in force; CLAIMS and DEVICES are ``claims`` and ``devices``."""
    limits = {{"claims": CLAIMS, "devices": DEVICES}[name]: value for name, value in hard.items()}
    item = {"metadata": {"name": context.name()}, "spec": {"hard": limits}}
    name = str(context.create("resourcequotas", item)["metadata"]["name"])
    wanted = dict.fromkeys(limits, "0")
    eventually(lambda: used(context, name) == wanted, f"the quota {name} counts nothing yet", PATIENCE_S)
    return name


def used(context: CheckContext, name: str) -> Any:
    """What a quota says is used."""
    return context.get("resourcequotas", name).expect(200)["status"].get("used")


@behaviour("quotas/status", UPSTREAM + "pkg/controller/resourcequota", needs=NEEDS)
def status(context: CheckContext) -> None:
    """The status of a quota has its limits, and what is used of each."""
    name = quota(context, claims="2", devices="3")
    found = context.get("resourcequotas", name).expect(200)["status"]
    same(found, {"hard": {CLAIMS: "2", DEVICES: "3"}, "used": {CLAIMS: "0", DEVICES: "0"}}, "status")


@behaviour("quotas/claims-are-counted", EVALUATOR, needs=NEEDS)
def counted(context: CheckContext) -> None:
    """A claim counts when it is created, and no more when it is deleted."""
    name = quota(context, claims="2", devices="5")
    made = context.create("resourceclaims", claim(context, request("a", count=2), request("b")))
    eventually(lambda: used(context, name) == {CLAIMS: "1", DEVICES: "3"}, "one claim and three devices")
    context.delete("resourceclaims", made["metadata"]["name"]).expect(200)
    eventually(lambda: used(context, name) == {CLAIMS: "0", DEVICES: "0"}, "nothing", PATIENCE_S)


@behaviour("quotas/number-of-claims", ADMISSION, needs=NEEDS)
def number(context: CheckContext) -> None:
    """A claim over the number of claims is 403 Forbidden."""
    name = quota(context, claims="1")
    context.create("resourceclaims", claim(context, request()))
    context.post("resourceclaims", claim(context, request())).refuse(
        *(403, "Forbidden"),
        f"is forbidden: exceeded quota: {name}, requested: {CLAIMS}=1, used: {CLAIMS}=1, limited: {CLAIMS}=1",
    )


@behaviour("quotas/number-of-devices", ADMISSION, needs=NEEDS)
def devices(context: CheckContext) -> None:
    """A claim for more devices of a class than the quota has is 403; one for as many as it has is not."""
    name = quota(context, devices="3")
    context.post("resourceclaims", claim(context, request(count=4))).refuse(
        *(403, "Forbidden"),
        f"is forbidden: exceeded quota: {name}, requested: {DEVICES}=4, used: {DEVICES}=0, limited: {DEVICES}=3",
    )
    context.create("resourceclaims", claim(context, request(count=3)))


@behaviour("quotas/all-devices", EVALUATOR, needs=NEEDS)
def all_devices(context: CheckContext) -> None:
    """A request for all devices counts as 32."""
    quota(context, devices="31")
    answer = context.post("resourceclaims", claim(context, request(allocationMode="All")))
    answer.refuse(403, "Forbidden", f"requested: {DEVICES}=32")


@behaviour("quotas/prioritized-list", EVALUATOR, needs=NEEDS)
def prioritized(context: CheckContext) -> None:
    """A prioritized list counts the most devices of a class that one of its choices has."""
    quota(context, devices="2")
    choices = [
        {"name": f"s{count}", "deviceClassName": name, "count": count}
        for name, count in (("gold", 1), ("gold", 3), ("silver", 5))
    ]
    answer = context.post("resourceclaims", claim(context, {"name": "r", "firstAvailable": choices}))
    answer.refuse(403, "Forbidden", f"requested: {DEVICES}=3, used")


@behaviour("quotas/other-classes", EVALUATOR, needs=NEEDS)
def other_classes(context: CheckContext) -> None:
    """Devices of another class do not count."""
    quota(context, devices="0")
    context.create("resourceclaims", claim(context, {"name": "r", "exactly": {"deviceClassName": "silver"}}))


refused(
    "quotas/whole-numbers",
    "A number of claims or devices is a whole number, and not negative.",
    "resourcequotas",
    {"spec.hard": {CLAIMS: "500m", DEVICES: "-1"}},
    (INVALID, f"spec.hard[{CLAIMS}]"),
    (INVALID, f"spec.hard[{DEVICES}]"),
    source=VALIDATION,
)
refused(
    "quotas/known-names",
    "A name without a domain is one that Kubernetes knows.",
    "resourcequotas",
    {"spec.hard": {"foo": "1"}},
    (INVALID, "spec.hard[foo]"),
    source=VALIDATION,
)
