"""The control driver's entries in ``status.devices`` of claims (KEP-4817), written by server-side apply.

They are a service to users: a claim is prepared although its status cannot be written, and writing is repeated later.
"""

import time
from collections.abc import Mapping
from typing import Any

from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi

APPLY = "application/apply-patch+yaml"


class Reporting:
    """The entries of all claims; without ``on`` there are none."""

    def __init__(self, api: ControlApi, *, on: bool, driver: str, defect: str, say: Any) -> None:
        self._api = api
        self._on = on
        self._driver = driver
        self._defect = defect
        self._say = say
        self._waiting: set[str] = set()

    def report(self, uid: str, record: dict[str, Any], claim: Any) -> None:
        """Write the entries of a claim that was prepared.

        Raises:
            ApiFailure: only with a defect.
        """
        if not self._on:
            return
        record.setdefault("since", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        if self._defect == "replaces-status":
            self._replace(record, claim)
            return
        try:
            self._apply(uid, record)
            self._waiting.discard(uid)
        except ApiFailure as error:
            if self._defect == "silent-status":
                return
            self._say(f"status of claim {record['namespace']}/{record['name']}: {error}")
            self._waiting.add(uid)

    def again(self, records: Mapping[str, dict[str, Any]]) -> None:
        """Repeat what failed."""
        for uid in list(self._waiting):
            self._waiting.discard(uid)
            if uid in records:
                self.report(uid, records[uid], None)

    def forget(self, uid: str, record: dict[str, Any]) -> None:
        """No longer write a claim's entries; they go with its allocation."""
        self._waiting.discard(uid)
        if self._on and self._defect == "late-status":
            self.report(uid, record, None)

    def _apply(self, uid: str, record: dict[str, Any]) -> None:
        body = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": record["name"], "namespace": record["namespace"], "uid": uid},
            "status": {"devices": [self._entry(device, record["since"]) for device in record["devices"]]},
        }
        path = f"{self._path(record)}?fieldManager=widgets&force=true"
        for _ in range(40 if self._defect == "insists-on-status" else 1):
            if (self._api.request("PATCH", path, body, APPLY).get("status") or {}).get("devices"):
                break

    def _replace(self, record: dict[str, Any], claim: Any) -> None:
        """As a careless driver does it: the whole status as it was read, without looking whether it changed."""
        body = {**claim, "metadata": {**claim["metadata"]}}
        del body["metadata"]["resourceVersion"]
        entries = [self._entry(device, record["since"]) for device in record["devices"]]
        body["status"] = {**claim["status"], "devices": entries}
        self._api.request("PUT", self._path(record), body)

    def _path(self, record: dict[str, Any]) -> str:
        return f"{GROUP}/namespaces/{record['namespace']}/resourceclaims/{record['name']}/status"

    def _entry(self, device: dict[str, Any], since: str) -> dict[str, Any]:
        """One device's entry."""
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Prepared",
            "message": "",
            "lastTransitionTime": since,
        }
        entry: dict[str, Any] = {
            "driver": self._driver,
            "pool": device["pool"],
            "device": "widget-99" if self._defect == "status-of-others" else device["device"],
            "conditions": [ready] * (2 if self._defect == "repeats-conditions" else 1),
            "data": {"color": device["color"] or "none"},
        }
        if self._defect == "much-data":
            entry["data"]["notes"] = "x" * 11_000
        if device["share"]:
            entry["shareID"] = device["share"]
        if device["share"] and self._defect == "status-without-share":
            del entry["shareID"]
        if self._defect == "odd-addresses":
            entry["networkData"] = {"interfaceName": "eth0", "ips": ["10.0.0.1"]}
        return entry
