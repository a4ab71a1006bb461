"""How the control driver prepares: one state file, one CDI file per claim, one lock around everything."""

import contextlib
import itertools
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from dra_conformance.controls.allocations import Allocations, Answer, amount
from dra_conformance.controls.claim_files import RESTORE_S, ClaimFiles
from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi
from dra_conformance.controls.metadata import Metadata
from dra_conformance.controls.partitions import Partitions
from dra_conformance.controls.refusal import Refusal, Unwritten
from dra_conformance.controls.reporting import Reporting
from dra_conformance.controls.state_file import StateFile
from dra_conformance.controls.widgets import SPACE, Widgets

POLL_S = 0.5
READ_S = 5.0
FOREVER_S = 60.0
SLOWER_S = 0.0005
LEAK = 256 << 10


class Call(Protocol):
    """The call that a claim is prepared for, as gRPC has it."""

    def time_remaining(self) -> float | None:
        """Seconds until its deadline."""

    def is_active(self) -> bool:
        """Whether somebody still waits for the answer."""


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
        data_dir: Path,
        cdi_dir: Path,
        old: bool,
        defect: str,
    ) -> None:
        self._api = api
        self._widgets = widgets
        self._partitions = partitions
        self._metadata = metadata
        self._reporting = reporting
        self._driver = driver
        self._defect = defect
        self._state = StateFile(data_dir, old=old, defect=defect)
        self._files = ClaimFiles(cdi_dir, driver=driver, defect=defect)
        self._allocations = Allocations(widgets, driver=driver, defect=defect)
        self._numbers = itertools.count(1)
        self._leaked: list[bytes] = []
        self._own: set[str] = set()
        self._journal = data_dir / "journal.json"
        self._busy: set[str] = set()
        self._files.define_common(name for _, name in sorted(widgets.known()))
        with self._state.locked():
            if self._defect == "slow-restore":
                time.sleep(RESTORE_S * len(self._state.claims))
            if self._defect == "rewrites-at-start":
                self._files.rewrite_slowly(self._state.claims)
            self._files.sweep(self._state.claims)
            for uid, devices in self.journal().items():
                self._files.write(uid, devices)
            self._metadata.sweep(self._state.claims)
            self._partitions.sweep(self._state.claims)
        threading.Thread(target=self.collect_forever, daemon=True).start()

    def collect_forever(self) -> None:
        """Unprepare claims that are gone from the API server."""
        while self._defect != "never-collects":
            time.sleep(POLL_S)
            with self._state.locked(), contextlib.suppress(ApiFailure, Unwritten):
                for uid in list(self._state.claims):
                    self.collect(uid)
                self._reporting.again(self._state.claims)

    def collect(self, uid: str) -> None:
        """Forget one claim if it is gone."""
        known = self._state.claims[uid]
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
        with self._state.locked():
            self.check_call(uid)
            try:
                claim = self.read(namespace, name, within_s=self.seconds_for(call))
            except ApiFailure as error:
                if self._defect == "stuck-after-deadline" and error.code == 0:
                    self._busy.add(uid)
                message = f"claim {namespace}/{name}: {error}"
                raise Refusal(message) from error
            devices = self.decide(claim, uid)
            self.carry_out(claim, uid, devices)
            return devices

    def check_call(self, uid: str) -> None:
        """Refuse, or hold up, what a driver without a defect takes.

        Raises:
            Refusal: only with a defect.
        """
        if self._state.trapped:
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

    def decide(self, claim: Any, uid: str) -> Answer:
        """The devices that a claim gets.

        Raises:
            Refusal: it cannot have them.
        """
        name = claim["metadata"]["name"]
        where = f"claim {claim['metadata']['namespace']}/{name}"
        self._allocations.check_kind(claim, where)
        self._allocations.check_attached(claim, where)
        devices = self._allocations.plan(claim, uid, where)
        for device in devices:
            device["ids"] = self.ids(device, name, uid)
        self._allocations.refuse_overlap(devices)
        for device in devices:
            if not device["admin"] or self._defect == "admin-conflicts":
                self.make_free(device, uid)
            if self._defect == "refuses-sick" and self._widgets.state(device["device"]) == "sick":
                message = f"widget {device['device']} is sick"
                raise Refusal(message)
        if uid in self._state.claims and self._defect == "resets-on-repeat":
            for device in devices:
                device["color"] = "reset"
        return devices

    def carry_out(self, claim: Any, uid: str, devices: Answer) -> None:
        """Make what the containers need, then record the claim.

        Raises:
            Refusal: a partition or a file cannot be made.
        """
        known, metadata = uid in self._state.claims, claim["metadata"]
        record = {"namespace": metadata["namespace"], "name": metadata["name"], "devices": devices}
        if self._defect == "records-first":
            self._state.claims[uid] = record
            self._state.save()
        if not known or self._defect != "trusts-partitions":
            self.divide(uid, devices)
        if not known or self._defect not in ("trusts-state", "records-first"):
            self._files.write(uid, devices)
        self.describe(claim, devices)
        self._state.claims[uid] = record
        self._state.save()
        if self._defect == "live-capacity" and any(device["share"] for device in devices):
            self._widgets.note_share(uid)
        self._reporting.report(uid, record, claim)
        if self._defect == "rewrites-all":
            for other, kept in self._state.claims.items():
                self._files.write(other, kept["devices"])
        if self._defect == "writes-status":
            status = {"allocation": claim["status"]["allocation"]}
            path = f"{GROUP}/namespaces/{metadata['namespace']}/resourceclaims/{metadata['name']}/status"
            self._api.request("PUT", path, {**claim, "status": status})

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

    def make_free(self, device: dict[str, Any], uid: str) -> None:
        """Refuse a device that another claim has, or has too much of, unless that one is gone.

        Raises:
            Refusal: it is in use.
        """
        if self._defect == "shares-devices" or (self._defect == "forgets-owners" and not self._own - {uid}):
            return
        for other in list(self._state.claims):
            if other != uid and any(
                self._allocations.conflict(device, d) for d in self._state.claims[other]["devices"]
            ):
                self.collect(other)
                if other in self._state.claims:
                    message = f"widget {device['device']} is prepared for claim {other}"
                    if self._defect == "names-other-claims":
                        message += f" {self._state.claims[other]}"
                    raise Refusal(message)
        if not device["share"] or self._defect == "shares-without-end":
            return
        taken = [d for known in self._state.claims.items() if known[0] != uid for d in known[1]["devices"]]
        used = sum(amount(d["consumed"]) for d in [*taken, device] if d["device"] == device["device"])
        if used > SPACE:
            message = f"{device['device']} has {SPACE}Gi, and {used}Gi would be used"
            raise Refusal(message)

    def knows(self, uid: str) -> bool:
        """Whether a claim is prepared."""
        with self._state.locked():
            return uid in self._state.claims

    def unprepare(self, namespace: str, name: str, uid: str) -> None:
        """Undo.

        Raises:
            Refusal: only with a defect.
        """
        with self._state.locked():
            if self._defect == "needs-claim":
                try:
                    self.read(namespace, name)
                except ApiFailure as error:
                    raise Refusal(str(error)) from error
            known = self._state.claims.get(uid)
            if known and self._defect == "own-claims-only" and uid not in self._own:
                message = f"claim {uid} was prepared by another process"
                raise Refusal(message)
            if self._defect == "unknown-is-error" and uid not in self._state.claims:
                message = f"claim {uid} is not prepared"
                raise Refusal(message)
            for defect, state in (("keeps-sick", "sick"), ("needs-hardware", "gone")):
                devices = known["devices"] if known and self._defect == defect else []
                if found := [d["device"] for d in devices if self._widgets.state(d["device"]) == state]:
                    message = f"widgets {found} are {state}"
                    raise Refusal(message)
            if self._defect == "by-name":
                same = [
                    u
                    for u, known in self._state.claims.items()
                    if (known["namespace"], known["name"]) == (namespace, name)
                ]
                uid = same[0] if same else uid
            self.forget(uid)

    def journal(self) -> dict[str, Any]:
        """{UID: devices} of the claims that were unprepared; only with a defect."""
        return dict(json.loads(self._journal.read_text())) if self._journal.exists() else {}

    def forget(self, uid: str) -> None:
        """Remove a claim's file and state.

        Raises:
            Unwritten: the file cannot be removed; the state stays.
        """
        if self._defect == "forgets-first":
            if self._state.claims.pop(uid, None) is None:
                return
            self._state.save()
        if self._defect != "leaves-cdi" and (uid in self._state.claims or self._defect != "forgets"):
            self._files.remove(uid)
        known = self._state.claims.pop(uid, None)
        if known is None:
            return
        if self._defect == "journal-revives":
            self._journal.write_text(json.dumps({**self.journal(), uid: known["devices"]}))
        self._partitions.remove(uid)
        self._metadata.remove(known["namespace"], known["name"], uid)
        self._reporting.forget(uid, known)
        if self._defect == "frees-all-shares":
            self._files.remove_shares(known["devices"], self._state.claims)
        self._state.save()
