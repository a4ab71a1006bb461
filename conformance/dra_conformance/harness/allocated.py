"""The claims of checks as objects: what a user asks for, and what the scheduler writes into their status. Pure."""

from collections.abc import Collection, Mapping, Sequence

from dra_api.objects import JsonObject


def results_of(
    driver: str,
    names: Sequence[str],
    devices: Sequence[tuple[str, str]],
    *,
    elevated: Collection[str],
    unknown: bool,
) -> list[JsonObject]:
    """The results of a DRIVER's (pool, device) for the request NAMES; UNKNOWN: with a member that no version knows."""
    return [
        {"request": request, "driver": driver, "pool": pool, "device": device}
        | admin_access(request in elevated)
        | ({"future": "x"} if unknown else {})
        for request, (pool, device) in zip(names, devices, strict=True)
    ]


def allocation_of(
    results: Sequence[JsonObject], configs: Sequence[JsonObject], node: str, *, unknown: bool
) -> JsonObject:
    """An allocation on NODE; UNKNOWN: with members that no version knows."""
    devices: JsonObject = {"results": list(results)} | ({"future": [1]} if unknown else {})
    if configs:
        devices["config"] = list(configs)
    allocation: JsonObject = {"devices": devices, "nodeSelector": node_selector(node)}
    return allocation | ({"future": {"a": 1}} if unknown else {})


def opaque_config(driver: str, parameters: JsonObject) -> JsonObject:
    """Parameters of the claim for all its requests."""
    return {
        "source": "FromClaim",
        "requests": [],
        "opaque": {"driver": driver, "parameters": parameters},
    }


def claim_object(
    name: str,
    namespace: str,
    requests: Sequence[JsonObject],
    *,
    finalizers: Sequence[str],
    annotations: Mapping[str, str],
) -> JsonObject:
    """A claim as it is created."""
    metadata: JsonObject = {"name": name, "namespace": namespace}
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"metadata": metadata, "spec": {"devices": {"requests": list(requests)}}}


def node_selector(node: str) -> JsonObject:
    """What the scheduler writes into the allocation of devices that can be used on NODE only."""
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    return {"nodeSelectorTerms": [term]}


def requests_for(
    names: Sequence[str], device_class: str, *, elevated: Collection[str], capacity: Mapping[str, str]
) -> list[JsonObject]:
    """The requests of a claim whose results have the request NAMES; ``a/b`` is a subrequest of ``a``.

    ELEVATED have admin access. Those without subrequests ask for CAPACITY, if any.
    """
    more: JsonObject = {"capacity": {"requests": dict(capacity)}} if capacity else {}
    by_main: dict[str, list[str]] = {}
    for name in names:
        main, _, sub = name.partition("/")
        by_main.setdefault(main, []).extend([sub] if sub and sub not in by_main.get(main, []) else [])
    return [
        {"name": main, "firstAvailable": [{"name": sub, "deviceClassName": device_class} for sub in subs]}
        if subs
        else {
            "name": main,
            "exactly": {"deviceClassName": device_class} | admin_access(main in elevated) | more,
        }
        for main, subs in by_main.items()
    ]


def admin_access(wanted: bool) -> JsonObject:
    """The member of a request that asks for it."""
    return {"adminAccess": True} if wanted else {}
