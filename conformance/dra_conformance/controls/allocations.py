"""What an allocation gives: the widgets, what they are painted with, and why a claim cannot have them."""

from typing import Any

from dra_api.quantity import parse
from dra_conformance.controls.painting import color_of, problem_of
from dra_conformance.controls.refusal import Refusal
from dra_conformance.controls.widgets import PARTS, SPACE, Widgets

Answer = list[dict[str, Any]]
"""Devices as {request, requests, pool, device, admin, share, consumed, asked, color, ids}."""


class Allocations:
    """Reads the allocations of claims."""

    def __init__(self, widgets: Widgets, *, driver: str, defect: str) -> None:
        self._widgets = widgets
        self._driver = driver
        self._defect = defect

    def check_attached(self, claim: Any, where: str) -> None:
        """Refuse a device of the fabric that is not attached: a cluster without the gate does not wait for it.

        Raises:
            Refusal: it is not.
        """
        results = ((claim.get("status") or {}).get("allocation") or {}).get("devices", {}).get("results", [])
        for name in (r["device"] for r in results if r["driver"] == self._driver):
            if self._widgets.state(name) == "detached" and self._defect != "trusts-scheduler":
                message = f"{where}: {name} is not attached to the node"
                raise Refusal(message)

    def check_kind(self, claim: Any, where: str) -> None:
        """Refuse claims of a kind that the driver's author did not think of.

        Raises:
            Refusal: only with a defect.
        """
        requests = claim["spec"]["devices"]["requests"]
        config = ((claim.get("status") or {}).get("allocation") or {}).get("devices", {}).get("config")
        annotations = claim["metadata"].get("annotations") or {}
        reasons = {
            "exact-requests": any("exactly" not in request for request in requests),
            "refuses-special": "resource.kubernetes.io/extended-resource-claim" in annotations,
            "needs-parameters": not config,
        }
        if reasons.get(self._defect):
            message = f"{where}: unexpected claim"
            raise Refusal(message)

    def plan(self, claim: Any, uid: str, where: str) -> Answer:
        """What the allocation gives.

        Raises:
            Refusal: it cannot be given.
        """
        if claim["metadata"]["uid"] != uid and self._defect != "ignores-uid":
            message = f"{where} has UID {claim['metadata']['uid']}, wanted {uid}"
            raise Refusal(message)
        allocation = (claim.get("status") or {}).get("allocation")
        if not allocation:
            message = f"{where} is not allocated"
            raise Refusal(message)
        configs = self.configs(allocation["devices"].get("config") or [], where)
        any_driver = self._defect == "takes-alternatives"
        results = [r for r in allocation["devices"]["results"] if any_driver or r["driver"] == self._driver]
        if self._defect == "sixteen-results":
            results = results[:16]
        known = self._widgets.known()
        mine = [r for r in results if (r["pool"], r["device"]) in known]
        for result in results:
            if result not in mine and self._defect != "skips-unknown":
                message = f"{where}: no widget {result['device']} in pool {result['pool']}"
                raise Refusal(message)
        everyone = sorted({r["request"].partition("/")[0] for r in mine})
        return [
            {
                "requests": everyone if self._defect == "all-requests" else [self.request_name(r["request"])],
                "pool": r["pool"],
                "device": r["device"],
                "share": r.get("shareID", ""),
                "consumed": (r.get("consumedCapacity") or {}).get("space", f"{SPACE}Gi"),
                "asked": asked_of(claim, r["request"]),
                "admin": bool(r.get("adminAccess"))
                or (self._defect == "admin-by-spec" and asks_admin(claim)),
                "all_admin": any(other.get("adminAccess") for other in mine),
                "color": self.color(configs, r["request"]),
                "request": r["request"],
            }
            for r in mine
        ]

    def configs(self, entries: list[Any], where: str) -> list[Any]:
        """The entries for this driver.

        Raises:
            Refusal: widgets can be painted, and nothing else.
        """
        drivers = [entry.get("opaque", {}).get("driver") for entry in entries]
        if self._defect == "foreign-configs" and any(name not in (None, self._driver) for name in drivers):
            message = f"{where}: configuration of {drivers}"
            raise Refusal(message)
        mine = [entry for entry, name in zip(entries, drivers, strict=True) if name == self._driver]
        if self._defect == "ignores-config":
            return []
        for entry in mine:
            if problem := problem_of(entry["opaque"]["parameters"], entry["source"], self._defect):
                message = f"{where}: {problem}"
                raise Refusal(message)
        return mine

    def color(self, configs: list[Any], request: str) -> str:
        """What the parameters say for a request; empty without any."""
        names = {request} if self._defect == "config-by-text" else {request, request.partition("/")[0]}
        if self._defect == "config-by-main":
            names |= {name for config in configs for name in config.get("requests") or [] if "/" in name}
        found = ""
        if self._defect == "last-config-wins" and len(configs) > 1:
            return color_of(configs[-1]["opaque"]["parameters"])
        if self._defect == "class-wins":
            configs = sorted(configs, key=lambda config: config["source"] == "FromClass")
        if self._defect == "ignores-class":
            configs = [config for config in configs if config["source"] == "FromClaim"]
        for config in configs:
            listed = config.get("requests") or []
            everywhere = not listed and self._defect != "config-needs-names"
            if everywhere or names & set(listed) or self._defect == "config-for-all":
                found = color_of(config["opaque"]["parameters"])
        return found

    def request_name(self, request: str) -> str:
        """The main request."""
        if self._defect == "last-part-names":
            return request.rpartition("/")[2]
        if self._defect == "short-names":
            return request.rpartition("request-")[2]
        return request if self._defect == "subrequest-names" else request.partition("/")[0]

    def refuse_overlap(self, devices: Answer) -> None:
        """Refuse a claim with devices that cannot be there at the same time.

        Raises:
            Refusal: there are such devices.
        """
        names = {device["device"] for device in devices}
        for name in sorted(names):
            if names & PARTS.get(name, set()):
                message = f"{name} and {', '.join(sorted(names & PARTS[name]))} are of the same wood"
                raise Refusal(message)
            if name == "label-0" and self._defect == "refuses-labels":
                message = "labels need no preparation"
                raise Refusal(message)

    def conflict(self, one: dict[str, Any], other: dict[str, Any]) -> bool:
        """Whether two prepared devices cannot be there at the same time."""
        if other["admin"]:
            return False
        overlap = other["device"] in PARTS.get(one["device"], ())
        if one["share"] and other["share"] and self._defect != "one-share":
            return False
        return bool(one["device"] == other["device"] or overlap)


def asks_admin(claim: Any) -> bool:
    """Whether a request of the claim asks for admin access."""
    requests = claim["spec"]["devices"]["requests"]
    return any(request.get("exactly", {}).get("adminAccess") for request in requests)


def amount(text: str) -> int:
    """A quantity in Gi."""
    return int(parse(text)) >> 30


def asked_of(claim: Any, request: str) -> str:
    """How much space a request asks for."""
    for asked in claim["spec"]["devices"].get("requests") or []:
        if asked["name"] == request:
            capacity = (asked.get("exactly") or {}).get("capacity") or {}
            return str((capacity.get("requests") or {}).get("space", ""))
    return ""
