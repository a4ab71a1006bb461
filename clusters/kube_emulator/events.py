"""Records Events: what ``kubectl describe`` shows below an object."""

import hashlib

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver.registry.api import Api


def record_event(
    api: Api, item: ReadOnlyObject, *, reason: str, message: str, source: str, kind: str = "Warning"
) -> None:
    """Record an event about ITEM; the count of an equal one is increased."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace", "default")
    about = "\0".join((metadata["uid"], reason, message, source))
    name = f"{metadata['name'][:200]}.{hashlib.sha256(about.encode()).hexdigest()[:16]}"
    if (found := api.find("events", name, namespace)) is not None:
        api.update("events", {**found, "count": found["count"] + 1, "lastTimestamp": api.clock.stamp()})
        return
    event = {
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": item["apiVersion"],
            "kind": item["kind"],
            "namespace": namespace,
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "reason": reason,
        "message": message,
        "type": kind,
        "count": 1,
        "firstTimestamp": api.clock.stamp(),
        "lastTimestamp": api.clock.stamp(),
        "source": {"component": source},
    }
    api.create("events", event)
