"""The API server as the suite uses it: raw JSON over ``dra_clusters.raw_client``.

Raw, because unknown and malformed members are evidence. It stays separate from the reference driver's client (lightkube)
on purpose, so that one fault cannot hide the other.
"""

import json
import time
from collections.abc import Collection
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from dra_api.objects import JsonObject, ResourceClaim
from dra_clusters.errors import ClusterError
from dra_clusters.explain import explain_claim
from dra_clusters.provider import ApiRequest, AuthorizingCluster, Fault, ObservableCluster
from dra_clusters.raw_client import RawClient
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import Violation
from dra_conformance.harness.api_versions import GROUP as API_GROUP
from dra_conformance.harness.api_versions import NEWEST, newer, older
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.patience import Patience
from dra_conformance.harness.pools import incomplete_pools

GROUP = f"/apis/{API_GROUP}/{NEWEST}"
POLL_S = 0.01
STATUS_ATTEMPTS = 5
"""Writes of a status that end in a conflict before the suite gives up; client-go's retry.DefaultRetry has five too."""

RECORDED = ("ResourceSlice", "ResourceClaim")
INVALID = (400, 413, 422)
"""Status codes that condemn the object, not the moment."""


class ApiView:
    """Reads and writes with the administrator's rights."""

    def __init__(
        self,
        kubeconfig: Path,
        *,
        driver: str,
        node: str,
        pools: int,
        cluster: ObservableCluster,
        evidence: Evidence,
        patience: Patience,
        version: str = NEWEST,
    ) -> None:
        self._version = version
        self._client = RawClient(kubeconfig, timeout_s=20)
        self._driver = driver
        self._node = node
        self._pools = pools
        self._cluster = cluster
        self._evidence = evidence
        self._patience = patience
        self._recorded: set[tuple[Any, Any]] = set()
        self._recorded_in = -1

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json"
    ) -> tuple[int, Any]:
        """One request; (status, JSON).

        Raises:
            HarnessError: the server does not answer.
        """
        path, body = self._served(path), older(body, self._version)
        try:
            answer = self._client.send(method, path, body, headers={"Content-Type": content_type})
            document = newer(answer.body, self._version) if answer.content else None
        except ClusterError as error:
            message = f"{method} {path}: no usable answer from the API server to the suite: {error}"
            raise HarnessError(message) from error
        sent = None if body is None else json.dumps(body)
        self._evidence.add("api", f"{method} {path}", body=sent, code=answer.code)
        self._record_objects(document)
        return answer.code, document

    def _served(self, path: str) -> str:
        """PATH in the version of the API that the server has."""
        return path.replace(f"{GROUP}/", f"/apis/{API_GROUP}/{self._version}/", 1)

    def _record_objects(self, document: Any) -> None:
        """Record each version of a slice or claim once per check, without what the API server notes for itself."""
        if self._recorded_in != self._evidence.taken:
            self._recorded_in, self._recorded = self._evidence.taken, set()
        listed = (isinstance(document, dict) and str(document.get("kind", "")).removesuffix("List")) or ""
        for item in document.get("items", [document]) if listed in RECORDED else ():
            metadata = item.get("metadata") or {}
            version = (metadata.get("uid"), metadata.get("resourceVersion"))
            if version in self._recorded:
                continue
            self._recorded.add(version)
            kept = {name: value for name, value in metadata.items() if name != "managedFields"}
            what = f"{listed} {metadata.get('name')} at {metadata.get('resourceVersion')}"
            self._evidence.add("object", what, object={"kind": listed, **item, "metadata": kept})

    def write(self, method: str, path: str, body: Any = None, **how: Any) -> JsonObject:
        """A request that must succeed.

        Raises:
            HarnessError: it does not.
        """
        code, document = self.request(method, path, body, **how)
        return self._accepted(method, path, code, document)

    def _accepted(self, method: str, path: str, code: int, document: Any) -> JsonObject:
        """The answer to a request that had to succeed."""
        if code >= HTTPStatus.MULTIPLE_CHOICES:
            message = f"{method} {path} of the suite was answered {code}: {document}"
            raise HarnessError(message)
        return document or {}

    def slices(self) -> list[JsonObject]:
        """All slices of the driver, as stored."""
        listed = self.write("GET", f"{GROUP}/resourceslices?fieldSelector=spec.driver%3D{self._driver}")
        items: list[JsonObject] = listed["items"]
        return items

    def own_slices(self) -> list[JsonObject]:
        """The driver's slices of this node."""
        return [item for item in self.slices() if item["spec"].get("nodeName") == self._node]

    def wait_slices(self, timeout_s: float) -> list[JsonObject]:
        """The slices once all pools are there and complete; after TIMEOUT_S, those that exist."""
        what = "complete pools"
        deadline = time.monotonic() + self._patience.limit_s(what, timeout_s)
        while True:
            found = self.own_slices()
            pools = {item["spec"]["pool"]["name"] for item in found}
            if len(pools) >= self._pools and not incomplete_pools(found):
                return found
            if time.monotonic() > deadline:
                if found:
                    self._patience.was_in_vain(what)
                return found
            time.sleep(POLL_S)

    def first_slice(self) -> JsonObject:
        """One of the driver's slices of this node.

        Raises:
            Violation: there is none.
        """
        found = self.own_slices()
        if not found:
            raise Violation("a slice", "none", f"the driver's slices of node {self._node}")
        return found[0]

    def create_slice(self, item: JsonObject) -> JsonObject:
        """Seed a slice."""
        return self.write("POST", f"{GROUP}/resourceslices", item)

    def delete_slice(self, name: str) -> None:
        """Delete a slice, as an administrator or the kubelet would."""
        self.request("DELETE", f"{GROUP}/resourceslices/{name}")

    def patch_slice(self, name: str, patch: JsonObject) -> JsonObject:
        """Change a slice behind the driver's back."""
        return self.write(
            "PATCH", f"{GROUP}/resourceslices/{name}", patch, content_type="application/merge-patch+json"
        )

    def create_claim(self, claim: JsonObject, status: JsonObject | None, *, odd: bool = False) -> JsonObject:
        """A claim with a status, as scheduler and controllers would leave it; an ODD status is one that current API servers reject."""
        space = f"{GROUP}/namespaces/{claim['metadata']['namespace']}/resourceclaims"
        stored = self.write("POST", space, claim)
        if status is None:
            return stored
        if odd:
            self._cluster.plant("resourceclaims", {**stored, "status": status})
            self._evidence.add(
                "api", f"planted a claim that the rules do not allow: {claim['metadata']['name']}"
            )
            return stored
        return self.write_status(f"{space}/{claim['metadata']['name']}", stored, status)

    def write_status(self, path: str, stored: JsonObject, status: JsonObject) -> JsonObject:
        """Replace the status of the object at PATH, last seen as STORED; it is read again if the driver wrote it meanwhile.

        Raises:
            HarnessError: the API server refuses the status, or it changes all the time.
        """
        where = f"{path}/status"
        for _ in range(STATUS_ATTEMPTS):
            code, document = self.request("PUT", where, {**stored, "status": status})
            if code != HTTPStatus.CONFLICT:
                return self._accepted("PUT", where, code, document)
            stored = self.write("GET", path)
        message = f"PUT {where} of the suite met {STATUS_ATTEMPTS} conflicts; somebody writes it all the time"
        raise HarnessError(message)

    def set_claim_status(self, namespace: str, name: str, status: JsonObject) -> None:
        """Replace a claim's status; an allocation is taken back before another one is written."""
        path = f"{GROUP}/namespaces/{namespace}/resourceclaims/{name}"
        for step in ({}, status):
            self.write_status(path, self.write("GET", path), step)

    def claim(self, namespace: str, name: str) -> ResourceClaim:
        """A claim as stored."""
        stored = self.write("GET", f"{GROUP}/namespaces/{namespace}/resourceclaims/{name}")
        return cast("ResourceClaim", stored)

    def delete_claim(self, namespace: str, name: str) -> None:
        """Delete a claim; finalizers keep it."""
        self.request("DELETE", f"{GROUP}/namespaces/{namespace}/resourceclaims/{name}")

    def allow_admin_access(self, namespace: str) -> None:
        """Label a namespace such that claims in it may have admin access (KEP-5018)."""
        labels = {"resource.kubernetes.io/admin-access": "true"}
        self.write(
            "PATCH",
            f"/api/v1/namespaces/{namespace}",
            {"metadata": {"labels": labels}},
            content_type="application/merge-patch+json",
        )

    def ensure_namespace(self, name: str) -> None:
        """Create a namespace if it is not there."""
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def driver_requests(
        self, *, verbs: Collection[str] = (), plural: str = "", after: float = 0
    ) -> list[ApiRequest]:
        """The driver's requests, oldest first; AFTER is seconds since 1970."""
        return [
            request
            for request in self._cluster.requests()
            if request.user == "driver"
            and request.time >= after
            and (not verbs or request.verb in verbs)
            and plural in ("", request.plural)
        ]

    def driver_writes(self, after: float = 0) -> list[ApiRequest]:
        """Creations, changes and deletions of slices by the driver."""
        verbs = ("create", "update", "patch", "delete", "deletecollection")
        return self.driver_requests(verbs=verbs, plural="resourceslices", after=after)

    def denied(self, user: str) -> list[str]:
        """The requests of a user that were denied.

        Raises:
            HarnessError: the cluster has no authorization.
        """
        if not isinstance(self._cluster, AuthorizingCluster):
            message = f"provider {self._cluster.name} does not report denied requests"
            raise HarnessError(message)
        return [str(permission) for permission in self._cluster.permissions_denied(user)]

    def sent_specs(self) -> list[JsonObject]:
        """The specs of slices that the driver sent as JSON, oldest first."""
        bodies = [request.body for request in self.driver_writes()]
        return [body["spec"] for body in bodies if isinstance(body, dict) and "spec" in body]

    def refused_slices(self) -> list[JsonObject]:
        """What the driver wrote and the API server refused as invalid: the last of each name, with a name."""
        found: dict[str, JsonObject] = {}
        for request in self.driver_writes():
            if request.code in INVALID and isinstance(request.body, dict) and "spec" in request.body:
                metadata = request.body.get("metadata") or {}
                name = str(
                    request.name or metadata.get("name") or metadata.get("generateName") or "(no name)"
                )
                found[name] = {**request.body, "metadata": {**metadata, "name": name}}
        return list(found.values())

    def outage(self, on: bool) -> None:
        """Break all connections to the API server until it is switched off again."""
        self._cluster.outage(on)
        self._evidence.add("api", "the API server is unreachable" if on else "the API server is back")

    def fail_next(
        self,
        code: int,
        *,
        times: int,
        verbs: Collection[str],
        retry_after_s: int = 0,
        plural: str = "resourceslices",
    ) -> None:
        """Answer the driver's next TIMES requests for objects of PLURAL with CODE."""
        fault = Fault(code, times, frozenset(verbs), plural, retry_after_s)
        self._cluster.inject(fault)
        self._evidence.add(
            "api", f"the next {times} {'/'.join(sorted(verbs))} of {plural} are answered {code}"
        )

    def slice_state(self) -> tuple[str, dict[str, JsonObject]]:
        """The version of all slices, and {name: slice} of the driver's slices of this node."""
        listed = self.write("GET", f"{GROUP}/resourceslices")
        mine = {item["metadata"]["name"]: item for item in listed["items"] if self._is_own(item)}
        return str(listed["metadata"]["resourceVersion"]), mine

    def slice_events(self, since: str) -> list[JsonObject]:
        """What happened to the driver's slices of this node since a version, as a watch reports it, up to now."""
        spec = {"driver": "end.example.com", "nodeName": self._node, "devices": []}
        pool = {"name": "end", "generation": 1, "resourceSliceCount": 1}
        end = self.create_slice({"metadata": {"generateName": "end-"}, "spec": {**spec, "pool": pool}})
        name, found = end["metadata"]["name"], []
        with self._client.watch(self._served(f"{GROUP}/resourceslices"), resourceVersion=since) as events:
            for event in events:
                if event["type"] == "ERROR":
                    message = f"a watch of slices since {since} failed: {event['object']}"
                    raise HarnessError(message)
                if event["object"]["metadata"].get("name") == name:
                    break
                if self._is_own(event["object"]):
                    found.append(event)
        self.delete_slice(name)
        return found

    def _is_own(self, item: JsonObject) -> bool:
        spec = item["spec"]
        return bool(spec["driver"] == self._driver and spec.get("nodeName") == self._node)

    def choices(self, namespace: str, claim: str) -> dict[str, str]:
        """{driver/pool/device: why the allocator would not give it to a claim; empty if it would}."""
        found = explain_claim(self._client, claim, namespace)
        self._evidence.add("api", f"asked the allocator about claim {claim}", verdicts=found.verdicts)
        return {verdict.device: verdict.reason for verdict in found.verdicts}

    def delay_next(self, seconds: float, *, times: int, verbs: Collection[str], plural: str) -> None:
        """Answer the driver's next TIMES requests for PLURAL rightly, SECONDS late."""
        self._cluster.inject(Fault(200, times, frozenset(verbs), plural, delay_s=seconds))
        self._evidence.add(
            "api", f"the next {times} {'/'.join(sorted(verbs))} of {plural} take {seconds:g} s"
        )

    def heal(self) -> None:
        """End the injected faults."""
        self._cluster.heal()

    def expire_watches(self) -> None:
        """End every watch and drop the watch history, so that resuming one is answered 410 Gone."""
        self._cluster.cut_watches(forget=True)
        self._evidence.add("api", "ended all watches and forgot the history (410 Gone)")
