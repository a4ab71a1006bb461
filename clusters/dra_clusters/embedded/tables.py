"""Pure: lists as tables, which is how ``kubectl get`` asks for them; the columns are those people know."""

import datetime
from collections.abc import Callable, Sequence
from typing import Any

Object = dict[str, Any]
Column = tuple[str, Callable[[Object], Any]]


def age(item: Object) -> str:
    """How old an object is, as kubectl says it."""
    created = datetime.datetime.fromisoformat(item["metadata"]["creationTimestamp"])
    seconds = int((datetime.datetime.now(datetime.UTC) - created).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def ready(item: Object) -> str:
    """``1/1`` of a pod."""
    wanted = len(item["spec"].get("containers", []))
    running = item.get("status", {}).get("phase") == "Running"
    return f"{wanted if running else 0}/{wanted}"


def pod_status(item: Object) -> str:
    """The word that kubectl shows for a pod."""
    return (
        "Terminating"
        if item["metadata"].get("deletionTimestamp")
        else item.get("status", {}).get("phase", "Unknown")
    )


def node_status(item: Object) -> str:
    """Ready or not."""
    conditions = item.get("status", {}).get("conditions", [])
    return "Ready" if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions) else "NotReady"


def claim_state(item: Object) -> str:
    """The states of a claim."""
    status = item.get("status") or {}
    states = [
        name for name, key in (("allocated", "allocation"), ("reserved", "reservedFor")) if status.get(key)
    ]
    deleted = ["deleted"] if item["metadata"].get("deletionTimestamp") else []
    return ",".join(deleted + states) or "pending"


COLUMNS: dict[str, tuple[Column, ...]] = {
    "pods": (("Ready", ready), ("Status", pod_status), ("Restarts", lambda item: 0)),
    "nodes": (
        ("Status", node_status),
        ("Version", lambda item: item.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "")),
    ),
    "resourceslices": (
        ("Node", lambda item: item["spec"].get("nodeName", "")),
        ("Driver", lambda item: item["spec"]["driver"]),
        ("Pool", lambda item: item["spec"]["pool"]["name"]),
    ),
    "resourceclaims": (("State", claim_state),),
    "namespaces": (("Status", lambda item: item.get("status", {}).get("phase", "")),),
    "events": (
        ("Type", lambda item: item.get("type", "")),
        ("Reason", lambda item: item.get("reason", "")),
        (
            "Object",
            lambda item: "/".join(
                item.get("involvedObject", {}).get(key, "") for key in ("kind", "name")
            ).lower(),
        ),
        ("Message", lambda item: item.get("message", "")),
    ),
}


def table(plural: str, items: Sequence[Object], revision: int, *, whole: bool) -> Object:
    """ITEMS as a meta.k8s.io/v1 Table; WHOLE puts each object into its row."""
    columns: tuple[Column, ...] = (
        ("Name", lambda item: item["metadata"]["name"]),
        *COLUMNS.get(plural, ()),
        ("Age", age),
    )
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": str(revision)},
        "columnDefinitions": [
            {
                "name": name,
                "type": "string",
                "format": "name" if name == "Name" else "",
                "description": name,
                "priority": 0,
            }
            for name, _ in columns
        ],
        "rows": [
            {"cells": [cell(item) for _, cell in columns], "object": row_object(item, whole)}
            for item in items
        ],
    }


def row_object(item: Object, whole: bool) -> Object:
    """The object of a row, or its metadata."""
    if whole:
        return item
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
