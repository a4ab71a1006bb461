"""How the control driver prepares: one state file, one CDI file per claim, one lock around everything."""

import contextlib
import fcntl
import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from dra_api.quantity import parse
from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi
from dra_conformance.controls.metadata import Metadata
from dra_conformance.controls.painting import color_of, problem_of
from dra_conformance.controls.partitions import Partitions
from dra_conformance.controls.reporting import Reporting
from dra_conformance.controls.widgets import CRATE, PARTS, SPACE, Widgets

POLL_S = 0.5
READ_S = 5.0
FOREVER_S = 60.0
STALE_S = 3600
RESTORE_S = 0.6
SLOWER_S = 0.0005
LEAK = 256 << 10
Answer = list[dict[str, Any]]
"""Devices as {request, requests, pool, device, admin, share, consumed, asked, color, ids}."""


class Refusal(Exception):
    """A claim cannot be prepared or unprepared."""


class Call(Protocol):
    """The call that a claim is prepared for, as gRPC has it."""

    def time_remaining(self) -> float | None:
        """Seconds until its deadline."""

    def is_active(self) -> bool:
        """Whether somebody still waits for the answer."""


class Unwritten(Refusal):
    """A claim's CDI file cannot be written."""


class Preparing:
    """All claims of the control driver."""

    def __init__(
        self,
        api: ControlApi,
        widgets: Widgets,
        partitions: Partitions,
        metadata: Metadata,
        reporting: Reporting,
        *,
        driver: str,
        node: str,
        data_dir: Path,
        cdi_dir: Path,
        old: bool,
        defect: str,
    ) -> None:
        self._old = old
        self._leaked: list[bytes] = []
        self._own: set[str] = set()
        self._api = api
        self._widgets = widgets
        self._partitions = partitions
        self._metadata = metadata
        self._reporting = reporting
        self._driver = driver
        self._node = node
        self._cdi = cdi_dir
        self._state = data_dir / "state.json"
        self._defect = defect
        self._mutex = threading.RLock()
        self._lock_file = data_dir / "state.lock"
        self._numbers = itertools.count(1)
        self._claims: dict[str, Any] = {}
        self._trapped = False
        self._busy: set[str] = set()
        self.define_common()
        with self.locked():
            if self._defect == "slow-restore":
                time.sleep(RESTORE_S * len(self._claims))
            if self._defect == "rewrites-at-start":
                self.rewrite_slowly()
            self.sweep()
            self._partitions.sweep(self._claims)
        threading.Thread(target=self.collect_forever, daemon=True).start()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the state, among threads and among the instances of a rolling update."""
        with self._mutex, self._lock_file.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._state.exists() and self._defect != "forgets" and not self.is_stale():
                try:
                    self._claims = self.read_state(json.loads(self._state.read_text()))
                except ValueError:
                    self._trapped = self._defect == "state-trap"
            yield

    def read_state(self, stored: Any) -> dict[str, Any]:
        """The claims of a state file: the version before wrote a list, this one writes an object; each reads both."""
        if isinstance(stored, list):
            return {} if self._defect == "forgets-old-state" else {item["uid"]: item for item in stored}
        return {} if self._old and self._defect == "loses-new-state" else dict(stored)

    def written_state(self) -> str:
        """The text of the state file."""
        old = [{**known, "uid": uid} for uid, known in self._claims.items()]
        return json.dumps(old if self._old else self._claims)

    def is_stale(self) -> bool:
        """Whether state is thrown away for its age; only with a defect."""
        if self._defect != "expires-state":
            return False
        return abs(time.time() - self._state.stat().st_mtime) > STALE_S

    def sweep(self) -> None:
        """Remove CDI files of claims that are not known, and half-written ones."""
        for path in self._cdi.glob(f"{self._driver}_*"):
            if self._defect == "keeps-temporary" and path.suffix == ".tmp":
                continue
            if path.name.removeprefix(f"{self._driver}_").removesuffix(".json") not in self._claims:
                path.unlink()
        self._metadata.sweep(self._claims)

    def rewrite_slowly(self) -> None:
        """Remove the CDI files of all claims, and write them again a moment later."""
        for uid in self._claims:
            self.path(uid).unlink(missing_ok=True)
        time.sleep(RESTORE_S)
        for uid, known in self._claims.items():
            self.write(uid, known["devices"])

    def define_common(self) -> None:
        """A CDI device that every container with a widget gets; it belongs to no claim and stays."""
        edits = {"env": [f"WIDGET_DRIVER={self._driver}"]}
        spec = {"cdiVersion": "0.5.0", "kind": f"{self._driver}/widget"}
        devices: list[dict[str, Any]] = [{"name": "common", "containerEdits": edits}]
        if self._defect == "static-nodes":
            nodes = [{"path": f"/dev/{name}"} for _, name in sorted(self._widgets.known())]
            devices.append({"name": "all", "containerEdits": {"deviceNodes": nodes}})
        scratch, path = self._cdi / f"{self._driver}-common.tmp", self._cdi / f"{self._driver}-common.json"
        scratch.write_text(json.dumps({**spec, "devices": devices}))
        scratch.chmod(0o644)
        scratch.replace(path)

    def collect_forever(self) -> None:
        """Unprepare claims that are gone from the API server."""
        while self._defect != "never-collects":
            time.sleep(POLL_S)
            with self.locked(), contextlib.suppress(ApiFailure, Unwritten):
                for uid in list(self._claims):
                    self.collect(uid)
                self._reporting.again(self._claims)

    def collect(self, uid: str) -> None:
        """Forget one claim if it is gone."""
        known = self._claims[uid]
        try:
            found = self.read(known["namespace"], known["name"])["metadata"]["uid"]
        except ApiFailure as error:
            if error.code != 404:
                raise
            found = None
        if found != uid:
            self.forget(uid)

    def read(self, namespace: str, name: str, *, within_s: float = READ_S) -> Any:
        """A claim."""
        path = f"{GROUP}/namespaces/{namespace}/resourceclaims/{name}"
        return self._api.request("GET", path, within_s=within_s)

    def seconds_for(self, call: Call) -> float:
        """How long the API server may take for CALL.

        Raises:
            Refusal: nobody waits for the answer any more.
        """
        left = call.time_remaining()
        if not call.is_active() or (left is not None and left <= 0):
            message = "the call ended before its turn came"
            raise Refusal(message)
        if self._defect == "waits-for-server":
            return FOREVER_S
        return READ_S if left is None else min(left, READ_S)

    def prepare(self, namespace: str, name: str, uid: str, call: Call) -> Answer:
        """A claim's devices.

        Raises:
            Refusal: it cannot be prepared.
        """
        with self.locked():
            if self._trapped:
                message = "internal error"
                raise Refusal(message)
            self._own.add(uid)
            if self._defect == "leaks-memory":
                self._leaked.append(bytes(LEAK))
            if self._defect == "slows-down":
                self._leaked.append(b"")
                time.sleep(SLOWER_S * len(self._leaked))
            if uid in self._busy:
                message = "the claim is being prepared"
                raise Refusal(message)
            try:
                claim = self.read(namespace, name, within_s=self.seconds_for(call))
            except ApiFailure as error:
                if self._defect == "stuck-after-deadline" and error.code == 0:
                    self._busy.add(uid)
                message = f"claim {namespace}/{name}: {error}"
                raise Refusal(message) from error
            self.check_kind(claim, f"claim {namespace}/{name}")
            self.check_attached(claim, f"claim {namespace}/{name}")
            devices = self.plan(claim, uid, f"claim {namespace}/{name}")
            for device in devices:
                device["ids"] = self.ids(device, name, uid)
            self.refuse_overlap(devices)
            for device in devices:
                if not device["admin"] or self._defect == "admin-conflicts":
                    self.make_free(device, uid)
                if self._defect == "refuses-sick" and self._widgets.state(device["device"]) == "sick":
                    message = f"widget {device['device']} is sick"
                    raise Refusal(message)
            known = self._claims.get(uid)
            if known is not None and self._defect == "resets-on-repeat":
                for device in devices:
                    device["color"] = "reset"
            record = {"namespace": namespace, "name": name, "devices": devices}
            if self._defect == "records-first":
                self._claims[uid] = record
                self.save()
            if known is None or self._defect != "trusts-partitions":
                self.divide(uid, devices)
            if known is None or self._defect not in ("trusts-state", "records-first"):
                self.write(uid, devices)
            self.describe(claim, devices)
            self._claims[uid] = record
            self.save()
            if self._defect == "live-capacity" and any(device["share"] for device in devices):
                self._widgets.note_share(uid)
            self._reporting.report(uid, record, claim)
            if self._defect == "rewrites-all":
                for other, kept in self._claims.items():
                    self.write(other, kept["devices"])
            if self._defect == "writes-status":
                status = {"allocation": claim["status"]["allocation"]}
                path = f"{GROUP}/namespaces/{namespace}/resourceclaims/{name}/status"
                self._api.request("PUT", path, {**claim, "status": status})
            return devices

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

    def divide(self, uid: str, devices: Answer) -> None:
        """Make the partitions of a claim.

        Raises:
            Refusal: one cannot be made.
        """
        try:
            self._partitions.make(uid, [device["device"] for device in devices])
        except OSError as error:
            message = f"claim {uid}: {error}"
            raise Refusal(message) from error

    def describe(self, claim: Any, devices: Answer) -> None:
        """Write the metadata files of a claim.

        Raises:
            Unwritten: the folder does not take them.
        """
        try:
            self._metadata.write(claim, devices)
        except OSError as error:
            message = f"cannot write metadata: {os.strerror(error.errno or 0)}"
            raise Unwritten(message) from error

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

    def ids(self, device: dict[str, Any], name: str, uid: str) -> list[str]:
        """The CDI ids of a device: what all have in common, and its own."""
        share = f"-{device['share']}" if device["share"] else ""
        own = {
            "new-ids": f"{uid}-{device['device']}-{next(self._numbers)}",
            "reuses-ids": device["device"],
            "ids-by-name": name,
        }.get(self._defect, f"{uid}-{device['device']}{share}")
        found = [f"{self._driver}/widget={name}" for name in ("common", own)]
        return found + self._metadata.ids(uid, device["request"])

    def request_name(self, request: str) -> str:
        """The main request."""
        if self._defect == "last-part-names":
            return request.rpartition("/")[2]
        if self._defect == "short-names":
            return request.rpartition("request-")[2]
        return request if self._defect == "subrequest-names" else request.partition("/")[0]

    def make_free(self, device: dict[str, Any], uid: str) -> None:
        """Refuse a device that another claim has, or has too much of, unless that one is gone.

        Raises:
            Refusal: it is in use.
        """
        if self._defect == "shares-devices":
            return
        for other in list(self._claims):
            if other != uid and any(self.conflict(device, d) for d in self._claims[other]["devices"]):
                self.collect(other)
                if other in self._claims:
                    message = f"widget {device['device']} is prepared for claim {other}"
                    if self._defect == "names-other-claims":
                        message += f" {self._claims[other]}"
                    raise Refusal(message)
        if not device["share"] or self._defect == "shares-without-end":
            return
        taken = [d for known in self._claims.items() if known[0] != uid for d in known[1]["devices"]]
        used = sum(amount(d["consumed"]) for d in [*taken, device] if d["device"] == device["device"])
        if used > SPACE:
            message = f"{device['device']} has {SPACE}Gi, and {used}Gi would be used"
            raise Refusal(message)

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

    def unprepare(self, namespace: str, name: str, uid: str) -> None:
        """Undo.

        Raises:
            Refusal: only with a defect.
        """
        with self.locked():
            if self._defect == "needs-claim":
                try:
                    self.read(namespace, name)
                except ApiFailure as error:
                    raise Refusal(str(error)) from error
            known = self._claims.get(uid)
            if known and self._defect == "own-claims-only" and uid not in self._own:
                message = f"claim {uid} was prepared by another process"
                raise Refusal(message)
            if self._defect == "unknown-is-error" and uid not in self._claims:
                message = f"claim {uid} is not prepared"
                raise Refusal(message)
            sick = [
                device["device"]
                for device in self._claims.get(uid, {"devices": []})["devices"]
                if self._widgets.state(device["device"]) == "sick"
            ]
            if sick and self._defect == "keeps-sick":
                message = f"widgets {sick} are sick"
                raise Refusal(message)
            gone = [
                device["device"]
                for device in self._claims.get(uid, {"devices": []})["devices"]
                if self._widgets.state(device["device"]) == "gone"
            ]
            if gone and self._defect == "needs-hardware":
                message = f"widgets {gone} are gone"
                raise Refusal(message)
            if self._defect == "by-name":
                same = [
                    u
                    for u, known in self._claims.items()
                    if (known["namespace"], known["name"]) == (namespace, name)
                ]
                uid = same[0] if same else uid
            self.forget(uid)

    def forget(self, uid: str) -> None:
        """Remove a claim's file and state.

        Raises:
            Unwritten: the file cannot be removed; the state stays.
        """
        if self._defect == "forgets-first":
            if self._claims.pop(uid, None) is None:
                return
            self.save()
        if self._defect != "leaves-cdi" and (uid in self._claims or self._defect != "forgets"):
            try:
                self.path(uid).unlink(missing_ok=True)
            except OSError as error:
                message = f"cannot remove {self.path(uid).name}: {os.strerror(error.errno or 0)}"
                raise Unwritten(message) from error
        known = self._claims.pop(uid, None)
        if known is None:
            return
        self._partitions.remove(uid)
        self._metadata.remove(known["namespace"], known["name"], uid)
        self._reporting.forget(uid, known)
        if self._defect == "frees-all-shares":
            self.free_shares(known)
        self.save()

    def free_shares(self, known: dict[str, Any]) -> None:
        """What a driver does that forgets whose share it takes back: the files of all claims of a device go."""
        names = {device["device"] for device in known["devices"] if device["share"]}
        for uid, other in self._claims.items():
            if names & {device["device"] for device in other["devices"]}:
                self.path(uid).unlink(missing_ok=True)

    def save(self) -> None:
        """Write the state in one step."""
        if self._defect == "torn-state":
            text = json.dumps(self._claims)
            with self._state.open("w") as stream:
                stream.write(text[: len(text) // 2])
                stream.flush()
                time.sleep(0.05)
                stream.write(text[len(text) // 2 :])
        elif self._defect != "forgets":
            scratch = self._state.with_suffix(".new")
            scratch.write_text(self.written_state())
            scratch.replace(self._state)

    def path(self, uid: str) -> Path:
        """A claim's CDI file."""
        return self._cdi / f"{self._driver}_{uid}.json"

    def write(self, uid: str, devices: Answer) -> None:
        """Write a claim's CDI file.

        Raises:
            Unwritten: the folder does not take it.
        """
        spec: dict[str, Any] = {
            "cdiVersion": "9.0.0" if self._defect == "future-version" else "0.5.0",
            "kind": f"{self._driver}/widget",
            "devices": [
                {"name": d["ids"][1].partition("=")[2], "containerEdits": self.edits(d)} for d in devices
            ],
        }
        if self._defect == "unknown-field":
            spec["vendorVersion"] = "1"
        if self._defect == "claim-wide-edits":
            spec["containerEdits"] = {
                "deviceNodes": [node for d in devices for node in self.edits(d)["deviceNodes"]]
            }
        text = "[1]" if self._defect == "garbage-cdi" else json.dumps(spec)
        path = self.path(uid)
        try:
            if self._defect == "write-in-place":
                with path.open("w") as stream:
                    stream.write(text[:40])
                    stream.flush()
                    time.sleep(0.002)
                    stream.write(text[40:])
                return
            scratch = path.with_suffix(".tmp")
            scratch.write_text(text)
            scratch.chmod(0o666 if self._defect == "world-writable" else 0o644)
            scratch.replace(path)
        except OSError as error:
            if self._defect != "hides-disk-errors":
                message = f"cannot write {path.name}: {os.strerror(error.errno or 0)}"
                raise Unwritten(message) from error

    def edits(self, device: dict[str, Any]) -> dict[str, Any]:
        """What a container gets with a device."""
        if self._defect == "empty-edits":
            return {}
        name = device["device"]
        index = name.partition("-")[2].replace("-", "_") or "0"
        title = name.partition("-")[0].upper()
        variable = "WIDGET" if self._defect == "one-variable" else f"{title}_{index}"
        env = [f"{variable}={name}"]
        if name == CRATE:
            space = device["asked"] if self._defect == "gives-what-was-asked" else device["consumed"]
            env = [f"CRATE_{device['share'].replace('-', '_')}={space}"]
        if device["color"]:
            env.append(f"WIDGET_{index}_COLOR={device['color']}")
        if device["all_admin"] if self._defect == "admin-by-claim" else device["admin"]:
            env.append(f"WIDGET_{index}_ADMIN=1")
        if self._defect == "shows-subrequests":
            env.append(f"WIDGET_{index}_REQUEST={device['request']}")
        edits: dict[str, Any] = {"env": env, "deviceNodes": [{"path": f"/dev/{name}"}]}
        if device["color"] and self._defect == "trusts-parameters":
            edits["mounts"] = [{"hostPath": device["color"], "containerPath": "/paint"}]
        return edits


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
