"""The status of a ResourceClaim: allocation, reservations and devices (pkg/apis/resource/validation; resourceclaim/strategy.go)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Answer, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import FORBIDDEN, INVALID, REQUIRED, VALIDATION, sample

CLAIM = "resourceclaims"
STRATEGY = UPSTREAM + "pkg/registry/resource/resourceclaim/strategy.go"
RESULT: JsonObject = {"request": "r", "driver": "d.example.com", "pool": "pool", "device": "d0"}
CONSUMER: JsonObject = {"apiGroup": "example.com", "resource": "widgets", "name": "p", "uid": "u-1"}
"""A consumer of a kind that no controller knows, so that none takes its reservation off."""


def allocation(**change: Any) -> JsonObject:
    """An allocation of one device."""
    return {"devices": {"results": [RESULT | change]}}


def made(context: CheckContext) -> JsonObject:
    """A claim."""
    item: JsonObject = context.create(CLAIM, sample(context, CLAIM))
    return item


def write(context: CheckContext, claim: JsonObject, **status: Any) -> Answer:
    """Replace the claim's status."""
    return context.put(CLAIM, {**claim, "status": status}, "status")


def allocated(context: CheckContext, **status: Any) -> JsonObject:
    """A claim that is allocated; STATUS is added."""
    item: JsonObject = write(context, made(context), allocation=allocation(), **status).expect(200)
    return item


def device(**change: Any) -> JsonObject:
    """An entry of status.devices."""
    return {"driver": "d.example.com", "pool": "pool", "device": "d0"} | change


@behaviour("statuses/allocate-and-reserve", STRATEGY)
def allocate_and_reserve(context: CheckContext) -> None:
    """An allocation and a reservation are written through the status."""
    body = allocated(context, reservedFor=[CONSUMER])
    same((body["status"]["allocation"], body["status"]["reservedFor"]), (allocation(), [CONSUMER]), "status")


@behaviour("statuses/status-writes-no-spec", STRATEGY)
def status_writes_no_spec(context: CheckContext) -> None:
    """A write of the status leaves spec and labels as they are."""
    claim = made(context)
    changed = {**claim, "metadata": {**claim["metadata"], "labels": {"x": "y"}}}
    body = write(context, changed, allocation=allocation()).expect(200)
    same((body["spec"], body["metadata"].get("labels")), (claim["spec"], None), "spec and labels")


@behaviour("statuses/spec-writes-no-status", STRATEGY)
def spec_writes_no_status(context: CheckContext) -> None:
    """A write of the object leaves the status as it is."""
    claim = allocated(context)
    body = context.put(CLAIM, {**claim, "status": {}}).expect(200)
    same(body["status"], claim["status"], "status")


@behaviour("statuses/allocation-is-immutable", VALIDATION)
def allocation_is_immutable(context: CheckContext) -> None:
    """An allocation cannot become another one."""
    write(context, allocated(context), allocation=allocation(device="d1")).invalid(
        (INVALID, "status.allocation")
    )


@behaviour("statuses/allocation-can-be-cleared", VALIDATION)
def allocation_can_be_cleared(context: CheckContext) -> None:
    """An allocation can be cleared, and set anew."""
    body = write(context, allocated(context)).expect(200)
    same(body["status"], {}, "status")
    write(context, body, allocation=allocation(device="d1")).expect(200)


@behaviour("statuses/reservation-needs-allocation", VALIDATION)
def reservation_needs_allocation(context: CheckContext) -> None:
    """A claim that is not allocated cannot be reserved."""
    write(context, made(context), reservedFor=[CONSUMER]).invalid((FORBIDDEN, "status.reservedFor"))


@behaviour("statuses/reserved-cannot-be-deallocated", VALIDATION)
def reserved_cannot_be_deallocated(context: CheckContext) -> None:
    """A claim that is reserved cannot lose its allocation."""
    write(context, allocated(context, reservedFor=[CONSUMER]), reservedFor=[CONSUMER]).invalid(
        (FORBIDDEN, "status.reservedFor")
    )


@behaviour("statuses/256-reservations", VALIDATION)
def reservations(context: CheckContext) -> None:
    """A claim is reserved for at most 256 consumers."""
    many = [{**CONSUMER, "name": f"p{number}", "uid": f"u-{number}"} for number in range(257)]
    claim = allocated(context)
    write(context, claim, allocation=allocation(), reservedFor=many[:256]).expect(200)
    claim = context.get(CLAIM, claim["metadata"]["name"]).body
    write(context, claim, allocation=allocation(), reservedFor=many).invalid(
        ("FieldValueTooMany", "status.reservedFor")
    )


@behaviour("statuses/reservation-is-complete", VALIDATION)
def reservation_is_complete(context: CheckContext) -> None:
    """A reservation has resource, name and uid."""
    write(
        context, made(context), allocation=allocation(), reservedFor=[{"resource": "", "name": "", "uid": ""}]
    ).invalid(
        (REQUIRED, "status.reservedFor[0].resource"),
        (REQUIRED, "status.reservedFor[0].name"),
        (REQUIRED, "status.reservedFor[0].uid"),
    )


@behaviour("statuses/reservations-differ", VALIDATION, since="1.36")
def reservations_differ(context: CheckContext) -> None:
    """Each uid is in reservedFor once."""
    write(context, made(context), allocation=allocation(), reservedFor=[CONSUMER, CONSUMER]).invalid(
        ("FieldValueDuplicate", "status.reservedFor[1]")
    )


@behaviour("statuses/result-names-a-request", VALIDATION)
def result_names_a_request(context: CheckContext) -> None:
    """A result names a request of the claim."""
    write(context, made(context), allocation=allocation(request="no")).invalid(
        (INVALID, "status.allocation.devices.results[0].request")
    )


@behaviour("statuses/result-is-complete", VALIDATION, since="1.36")
def result_is_complete(context: CheckContext) -> None:
    """A result has driver, pool and device."""
    place = "status.allocation.devices.results[0]"
    write(context, made(context), allocation=allocation(driver="", pool="", device="")).invalid(
        (REQUIRED, f"{place}.driver"), (REQUIRED, f"{place}.pool"), (INVALID, f"{place}.device")
    )


@behaviour("statuses/config-source-is-known", VALIDATION)
def config_source(context: CheckContext) -> None:
    """A configuration of an allocation comes FromClass or FromClaim."""
    config = {"source": "x", "opaque": {"driver": "d.example.com", "parameters": {}}}
    given = {"devices": {**allocation()["devices"], "config": [config]}}
    write(context, made(context), allocation=given).invalid(
        ("FieldValueNotSupported", "status.allocation.devices.config[0].source")
    )


@behaviour("statuses/devices-need-allocation", VALIDATION)
def devices_need_allocation(context: CheckContext) -> None:
    """status.devices of devices that are not allocated is refused."""
    write(context, allocated(context), allocation=allocation(), devices=[device(device="other")]).invalid(
        (INVALID, "status.devices[0]")
    )


@behaviour("statuses/devices-hold-conditions-and-network", VALIDATION)
def devices_hold(context: CheckContext) -> None:
    """A driver writes conditions, data and network data of an allocated device."""
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Up",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    network = {"interfaceName": "net1", "ips": ["10.0.0.1/24"], "hardwareAddress": "aa:bb"}
    entry = device(conditions=[condition], data={"x": 1}, networkData=network)
    body = write(context, allocated(context), allocation=allocation(), devices=[entry]).expect(200)
    same(body["status"]["devices"], [entry], "devices")


@behaviour("statuses/devices-are-dropped-on-deallocation", STRATEGY)
def devices_are_dropped(context: CheckContext) -> None:
    """Deallocating drops the entries of status.devices."""
    claim = allocated(context)
    claim = write(context, claim, allocation=allocation(), devices=[device()]).expect(200)
    same(write(context, claim, devices=[device()]).expect(200)["status"], {}, "status")


@behaviour("statuses/device-ips-have-a-prefix", VALIDATION)
def device_ips(context: CheckContext) -> None:
    """An IP of networkData is in CIDR form."""
    entry = device(networkData={"ips": ["10.0.0.1"]})
    write(context, allocated(context), allocation=allocation(), devices=[entry]).invalid(
        (INVALID, "status.devices[0].networkData.ips[0]")
    )


@behaviour("statuses/device-data-is-an-object", VALIDATION)
def device_data(context: CheckContext) -> None:
    """data of an entry is a JSON object."""
    write(context, allocated(context), allocation=allocation(), devices=[device(data=[1])]).invalid(
        (INVALID, "status.devices[0].data")
    )


@behaviour("statuses/two-drivers-apply-their-devices", "KEP 4817; listType=map of status.devices")
def two_drivers_apply(context: CheckContext) -> None:
    """Two drivers apply their own entries of status.devices side by side."""
    claim = made(context)
    results = [RESULT, {**RESULT, "driver": "e.example.com"}]
    claim = write(context, claim, allocation={"devices": {"results": results}}).expect(200)
    name = claim["metadata"]["name"]
    for driver in ("d.example.com", "e.example.com"):
        item = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": name},
            "status": {"devices": [device(driver=driver, data={"by": driver})]},
        }
        answer = context.patch("apply", CLAIM, name, item, "status", fieldManager=driver)
        claim = answer.expect(200)
    same(
        [entry["data"]["by"] for entry in claim["status"]["devices"]],
        ["d.example.com", "e.example.com"],
        "devices",
    )


@behaviour("statuses/no-reservation-while-deleting", VALIDATION)
def no_reservation_while_deleting(context: CheckContext) -> None:
    """A claim that is being deleted cannot be reserved for more."""
    claim = allocated(context)
    name = claim["metadata"]["name"]
    context.patch("merge", CLAIM, name, {"metadata": {"finalizers": ["x.example.com/y"]}}).expect(200)
    context.defer(context.patch, "merge", CLAIM, name, {"metadata": {"finalizers": None}})
    claim = context.delete(CLAIM, name).expect(200)
    write(context, claim, allocation=allocation(), reservedFor=[CONSUMER]).invalid(
        (FORBIDDEN, "status.reservedFor")
    )


@behaviour("statuses/share-id-is-a-uuid", VALIDATION, since="1.36")
def share_id(context: CheckContext) -> None:
    """A shareID is a lower-case UUID."""
    write(context, made(context), allocation=allocation(shareID="X")).invalid(
        (INVALID, "status.allocation.devices.results[0].shareID")
    )


@behaviour("statuses/merge-patch", STRATEGY)
def merge_patch(context: CheckContext) -> None:
    """The status takes a merge patch, as kubectl patch --subresource sends it."""
    name = made(context)["metadata"]["name"]
    body = context.patch("merge", CLAIM, name, {"status": {"allocation": allocation()}}, "status").expect(200)
    same(body["status"]["allocation"], allocation(), "allocation")


@behaviour("statuses/strategic-patch-reserves", STRATEGY)
def strategic_patch(context: CheckContext) -> None:
    """reservedFor merges by uid in a strategic patch, as the scheduler and the controllers use it."""
    claim = allocated(context, reservedFor=[CONSUMER])
    patch = {"status": {"reservedFor": [{**CONSUMER, "name": "q", "uid": "u-2"}]}}
    body = context.patch("strategic", CLAIM, claim["metadata"]["name"], patch, "status").expect(200)
    same(sorted(entry["uid"] for entry in body["status"]["reservedFor"]), ["u-1", "u-2"], "reservations")
