"""Events for people: what ``kubectl describe`` shows below an object."""

import itertools
from typing import Any

from dra_clusters.embedded.api import Api, now

counter = itertools.count(1)


def tell(
    api: Api, item: dict[str, Any], *, reason: str, message: str, source: str, kind: str = "Warning"
) -> None:
    """Record an event about ITEM; an equal one that stands already is counted up."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace", "default")
    for found in api.values("events", namespace):
        about = found["involvedObject"].get("uid") == metadata["uid"]
        if about and (found["reason"], found["message"]) == (reason, message):
            api.update("events", {**found, "count": found["count"] + 1, "lastTimestamp": now()})
            return
    event = {
        "metadata": {"name": f"{metadata['name']}.{next(counter):x}", "namespace": namespace},
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
        "firstTimestamp": now(),
        "lastTimestamp": now(),
        "source": {"component": source},
    }
    api.create("events", event)
