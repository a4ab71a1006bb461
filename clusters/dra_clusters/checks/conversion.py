"""Versions of resource.k8s.io: the same object through v1, v1beta2 and v1beta1 (pkg/apis/resource/v1beta1/conversion.go)."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import sample

CONVERSION = UPSTREAM + "pkg/apis/resource/v1beta1/conversion.go"
BETA1, BETA2 = "/apis/resource.k8s.io/v1beta1", "/apis/resource.k8s.io/v1beta2"
NEEDS = ("api", "resource.k8s.io/v1beta1")
SLICE, CLAIM = "resourceslices", "resourceclaims"


def old_slice(context: CheckContext) -> JsonObject:
    """A slice as v1beta1 has it."""
    item = sample(context, SLICE)
    device = item["spec"]["devices"][0]
    basic = {name: value for name, value in device.items() if name != "name"}
    item["spec"]["devices"] = [{"name": device["name"], "basic": basic}]
    return item


@behaviour("conversion/slice-from-v1beta1", CONVERSION, needs=NEEDS)
def slice_from_beta1(context: CheckContext) -> None:
    """A slice written through v1beta1 is flat in v1."""
    stored = context.create(SLICE, old_slice(context), api=BETA1)
    same(
        (stored["apiVersion"], "basic" in stored["spec"]["devices"][0]),
        ("resource.k8s.io/v1beta1", True),
        "the answer",
    )
    new = context.get(SLICE, stored["metadata"]["name"]).expect(200)
    same(new["spec"]["devices"][0]["attributes"], {"model": {"string": "x"}}, "attributes in v1")


@behaviour("conversion/slice-to-v1beta1", CONVERSION, needs=NEEDS)
def slice_to_beta1(context: CheckContext) -> None:
    """A slice written through v1 has basic in v1beta1, and the node name as a plain string."""
    stored = context.create(SLICE, sample(context, SLICE))
    old = context.get(SLICE, stored["metadata"]["name"], api=BETA1).expect(200)
    device = old["spec"]["devices"][0]
    same(
        (sorted(device), device["basic"]["attributes"]),
        (["basic", "name"], {"model": {"string": "x"}}),
        "device",
    )
    same(old["spec"]["nodeName"], "node", "nodeName")


@behaviour("conversion/claim-from-v1beta1", CONVERSION, needs=NEEDS)
def claim_from_beta1(context: CheckContext) -> None:
    """A request of v1beta1 with its members becomes exactly in v1; defaults are those of v1."""
    spec = {"devices": {"requests": [{"name": "r", "deviceClassName": "class"}]}}
    context.create(CLAIM, {"metadata": {"name": "a"}, "spec": spec}, api=BETA1)
    request = context.get(CLAIM, "a").expect(200)["spec"]["devices"]["requests"][0]
    wanted = {"deviceClassName": "class", "allocationMode": "ExactCount", "count": 1}
    same(request, {"name": "r", "exactly": wanted}, "request")


@behaviour("conversion/claim-to-v1beta1", CONVERSION, needs=NEEDS)
def claim_to_beta1(context: CheckContext) -> None:
    """exactly of v1 is spread into the request in v1beta1."""
    stored = context.create(CLAIM, sample(context, CLAIM))
    request = context.get(CLAIM, stored["metadata"]["name"], api=BETA1).expect(200)["spec"]["devices"][
        "requests"
    ][0]
    same(
        request,
        {"name": "r", "deviceClassName": "class", "allocationMode": "ExactCount", "count": 1},
        "request",
    )


@behaviour("conversion/alternatives-to-v1beta1", CONVERSION, needs=NEEDS)
def alternatives_to_beta1(context: CheckContext) -> None:
    """A request with firstAvailable has an empty class and no mode of its own in v1beta1."""
    alternative = {"name": "s", "deviceClassName": "class"}
    change = {"spec.devices.requests": [{"name": "r", "firstAvailable": [alternative]}]}
    stored = context.create(CLAIM, sample(context, CLAIM, change))
    request = context.get(CLAIM, stored["metadata"]["name"], api=BETA1).expect(200)["spec"]["devices"][
        "requests"
    ][0]
    same(
        (sorted(request), request["deviceClassName"]),
        (["deviceClassName", "firstAvailable", "name"], ""),
        "request",
    )


@behaviour("conversion/v1beta2-is-v1", CONVERSION, needs=("api", "resource.k8s.io/v1beta2"))
def beta2_is_v1(context: CheckContext) -> None:
    """v1beta2 has the shape of v1, for slices and claims."""
    for plural in (SLICE, CLAIM):
        stored = context.create(plural, sample(context, plural), api=BETA2)
        new = context.get(plural, stored["metadata"]["name"]).expect(200)
        same((stored["apiVersion"], stored["spec"]), ("resource.k8s.io/v1beta2", new["spec"]), plural)


@behaviour("conversion/update-through-another-version", CONVERSION, needs=NEEDS)
def update_through_another(context: CheckContext) -> None:
    """A read through v1beta1 and a replace through it keep what v1 wrote, at the same resourceVersion."""
    stored = context.create(SLICE, sample(context, SLICE))
    old = context.get(SLICE, stored["metadata"]["name"], api=BETA1).expect(200)
    body = context.put(SLICE, old, api=BETA1).expect(200)
    same(body["metadata"]["resourceVersion"], stored["metadata"]["resourceVersion"], "resourceVersion")


@behaviour("conversion/stale-over-versions", CONVERSION, needs=NEEDS)
def stale_over_versions(context: CheckContext) -> None:
    """Optimistic concurrency holds over versions."""
    stored = context.create(SLICE, sample(context, SLICE))
    old = context.get(SLICE, stored["metadata"]["name"], api=BETA1).expect(200)
    context.put(SLICE, {**stored, "metadata": {**stored["metadata"], "labels": {"x": "y"}}}).expect(200)
    context.put(SLICE, old, api=BETA1).refuse(409, "Conflict")


@behaviour("conversion/refusals-speak-the-version", CONVERSION, needs=NEEDS, since="1.36")
def refusals_speak(context: CheckContext) -> None:
    """Validation speaks of the fields of the internal form, whatever the version of the request."""
    item = old_slice(context)
    item["spec"]["devices"][0]["basic"]["attributes"] = {"a-b": {"int": 1}}
    context.post(SLICE, item, api=BETA1).invalid(("FieldValueInvalid", "spec.devices[0].attributes"))


@behaviour(
    "conversion/beta-versions-warn",
    UPSTREAM + "staging/src/k8s.io/api/resource/v1beta1/zz_generated.prerelease-lifecycle.go",
    needs=NEEDS,
    since="1.35",
)
def beta_versions_warn(context: CheckContext) -> None:
    """A request to v1beta1 is answered with a Warning header that says since when and until when."""
    warning = context.get(SLICE, api=BETA1, limit="1").headers.get("warning", "")
    wanted = "resource.k8s.io/v1beta1 ResourceSlice is deprecated in v1.35+, unavailable in v1.38+"
    same(wanted in warning, True, f"a warning: {warning}")


@behaviour("conversion/list-through-another-version", CONVERSION, needs=NEEDS)
def list_through_another(context: CheckContext) -> None:
    """A list through v1beta1 has its version, whatever its items were written with."""
    context.create(CLAIM, sample(context, CLAIM))
    body = context.get(CLAIM, api=BETA1).expect(200)
    same(
        (body["apiVersion"], body["items"][0]["spec"]["devices"]["requests"][0]["count"]),
        ("resource.k8s.io/v1beta1", 1),
        "list",
    )


@behaviour(
    "conversion/fields-by-any-version", UPSTREAM + "pkg/apis/resource/v1beta1/conversion.go", needs=NEEDS
)
def fields_by_any_version(context: CheckContext) -> None:
    """Field selectors work in v1beta1 as in v1."""
    stored = context.create(SLICE, sample(context, SLICE, {"spec.nodeName": context.name()}))
    selector = f"spec.nodeName={stored['spec']['nodeName']}"
    body = context.get(SLICE, api=BETA1, fieldSelector=selector).expect(200)
    same([item["metadata"]["name"] for item in body["items"]], [stored["metadata"]["name"]], "names")
