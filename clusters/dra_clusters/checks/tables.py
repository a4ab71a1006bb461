"""Tables, which kubectl get prints (API concepts: receiving resources as Tables; pkg/printers/internalversion)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext

ACCEPT = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
PRINTERS = UPSTREAM + "pkg/printers/internalversion/printers.go"
CONCEPTS = "API concepts: receiving resources as Tables"


def table(context: CheckContext, plural: str, name: str = "", **query: Any) -> Any:
    """The table of one object, or of the list."""
    answer = context.client.send("GET", context.path(plural, name), query=query or None, headers=ACCEPT)
    body = answer.expect(200)
    same((body["kind"], body["apiVersion"]), ("Table", "meta.k8s.io/v1"), "envelope")
    return body


def row(context: CheckContext, plural: str, name: str) -> JsonObject:
    """The cells of one object that are shown without -o wide, by column; age is left out."""
    body = table(context, plural, name)
    columns = [(column["name"], column["priority"]) for column in body["columnDefinitions"]]
    cells = zip(columns, body["rows"][0]["cells"], strict=True)
    return {column: cell for (column, priority), cell in cells if not priority and column != "Age"}


@behaviour("tables/rows-hold-metadata", CONCEPTS)
def rows_hold_metadata(context: CheckContext) -> None:
    """A row has the metadata of its object as PartialObjectMetadata."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    item = table(context, "configmaps", "a")["rows"][0]["object"]
    same((item["kind"], item["metadata"]["name"]), ("PartialObjectMetadata", "a"), "object of the row")


@behaviour("tables/include-object", CONCEPTS)
def include_object(context: CheckContext) -> None:
    """includeObject Object gives the whole object, None gives none."""
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    whole = table(context, "configmaps", "a", includeObject="Object")["rows"][0]["object"]
    same((whole["kind"], whole["data"]), ("ConfigMap", {"x": "1"}), "object of the row")
    same(table(context, "configmaps", "a", includeObject="None")["rows"][0]["object"], None, "no object")


@behaviour("tables/columns-are-described", CONCEPTS)
def columns_are_described(context: CheckContext) -> None:
    """Each column has name, type, format, description and priority; Name has the format name."""
    columns = table(context, "configmaps")["columnDefinitions"]
    same([column["name"] for column in columns], ["Name", "Data", "Age"], "columns")
    same(sorted(columns[0]), ["description", "format", "name", "priority", "type"], "members")
    same(columns[0]["format"], "name", "format of Name")


@behaviour("tables/list-has-version", CONCEPTS)
def list_has_version(context: CheckContext) -> None:
    """A table of a list has its resourceVersion, and continue when it is a chunk."""
    for name in ("a", "b"):
        context.create("secrets", {"metadata": {"name": name}})
    metadata = table(context, "secrets", limit="1")["metadata"]
    holds(metadata.get("resourceVersion") and metadata.get("continue"), "version and continue", metadata)


@behaviour("tables/configmap", PRINTERS)
def configmap(context: CheckContext) -> None:
    """A ConfigMap shows its number of keys."""
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}})
    same(row(context, "configmaps", "a"), {"Name": "a", "Data": 2}, "cells")


@behaviour("tables/secret", PRINTERS)
def secret(context: CheckContext) -> None:
    """A Secret shows type and number of keys."""
    context.create("secrets", {"metadata": {"name": "a"}, "stringData": {"x": "1"}})
    same(row(context, "secrets", "a"), {"Name": "a", "Type": "Opaque", "Data": 1}, "cells")


@behaviour("tables/pod", PRINTERS)
def pod(context: CheckContext) -> None:
    """A pod that waits shows 0/2, Pending and 0 restarts."""
    containers = [{"name": name, "image": "x"} for name in ("a", "b")]
    context.create(
        "pods", {"metadata": {"name": "p"}, "spec": {"containers": containers, "schedulerName": "nobody"}}
    )
    wanted = {"Name": "p", "Ready": "0/2", "Status": "Pending", "Restarts": "0"}
    same(row(context, "pods", "p"), wanted, "cells")


@behaviour("tables/namespace", PRINTERS)
def namespace(context: CheckContext) -> None:
    """A namespace shows Active."""
    same(
        row(context, "namespaces", context.namespace),
        {"Name": context.namespace, "Status": "Active"},
        "cells",
    )


@behaviour("tables/resource-slice", PRINTERS)
def resource_slice(context: CheckContext) -> None:
    """A ResourceSlice shows node, driver and pool."""
    name, driver = context.name(), "d.example.com"
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec: JsonObject = {"driver": driver, "pool": pool, "nodeName": "n"}
    context.create("resourceslices", {"metadata": {"name": name}, "spec": spec})
    same(
        row(context, "resourceslices", name),
        {"Name": name, "Node": "n", "Driver": driver, "Pool": "p"},
        "cells",
    )


@behaviour("tables/resource-claim", PRINTERS)
def resource_claim(context: CheckContext) -> None:
    """A new ResourceClaim shows pending."""
    spec = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "x"}}]}}
    context.create("resourceclaims", {"metadata": {"name": "a"}, "spec": spec})
    same(row(context, "resourceclaims", "a"), {"Name": "a", "State": "pending"}, "cells")


@behaviour("tables/device-class", PRINTERS)
def device_class(context: CheckContext) -> None:
    """A DeviceClass shows its name and age."""
    name = context.name()
    context.create("deviceclasses", {"metadata": {"name": name}, "spec": {}})
    same(row(context, "deviceclasses", name), {"Name": name}, "cells")


@behaviour("tables/age-is-human", PRINTERS)
def age_is_human(context: CheckContext) -> None:
    """Age is a short duration, such as 0s or 3s."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    cell = table(context, "configmaps", "a")["rows"][0]["cells"][-1]
    holds(isinstance(cell, str) and cell.endswith("s"), "an age in seconds", cell)


@behaviour("tables/unknown-include-object", CONCEPTS)
def unknown_include_object(context: CheckContext) -> None:
    """Another value of includeObject is 400 BadRequest."""
    answer = context.client.send(
        "GET", context.path("configmaps"), query={"includeObject": "x"}, headers=ACCEPT
    )
    answer.refuse(400, "BadRequest", 'includeObject: Invalid value: "x"')


@behaviour(
    "tables/bookmark-has-one-row",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go",
)
def bookmark_has_one_row(context: CheckContext) -> None:
    """The end of the initial events of a streaming list is, in a table, said by the object of a row."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    wanted = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    with context.client.watch(
        context.path("configmaps"), headers=headers, timeoutSeconds="10", **wanted
    ) as events:
        found = next(event["object"] for event in events if event["type"] == "BOOKMARK")
    same((len(found["rows"]), found["columnDefinitions"]), (1, None), "rows and columns")
    annotations = found["rows"][0]["object"]["metadata"]["annotations"]
    same(annotations, {"k8s.io/initial-events-end": "true"}, "annotations of the row's object")
    same("annotations" in found["metadata"], False, "annotations of the table")


@behaviour("tables/endpointslice", UPSTREAM + "pkg/printers/internalversion/printers.go")
def endpoint_slice(context: CheckContext) -> None:
    """An EndpointSlice as a table has its address type, its ports and the first three addresses."""
    addresses = [f"192.0.2.{number}" for number in range(1, 6)]
    item = {
        "metadata": {"name": context.name()},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address]} for address in addresses],
        "ports": [{"name": "a", "port": 1}, {"name": "b"}],
    }
    name = context.create("endpointslices", item)["metadata"]["name"]
    form = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    body = context.client.send("GET", context.path("endpointslices", name), headers=form).expect(200)
    titles = [column["name"] for column in body["columnDefinitions"]]
    same(titles, ["Name", "AddressType", "Ports", "Endpoints", "Age"], "columns")
    wanted = ["IPv4", "1,b", "192.0.2.1,192.0.2.2,192.0.2.3 + 2 more..."]
    same(body["rows"][0]["cells"][1:4], wanted, "cells")
