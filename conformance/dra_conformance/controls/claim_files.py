"""The CDI files of the control driver: one a claim, and one with what every container with a widget gets."""

import json
import os
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from dra_conformance.controls.allocations import Answer
from dra_conformance.controls.refusal import Unwritten
from dra_conformance.controls.widgets import CRATE

RESTORE_S = 0.6
"""How long a driver with a defect needs for what it finds when it starts."""
Claims = Mapping[str, Mapping[str, Any]]
"""{UID: what is known of the claim, with its ``devices``}."""


class ClaimFiles:
    """The files in one folder."""

    def __init__(self, folder: Path, *, driver: str, defect: str) -> None:
        self._cdi = folder
        self._driver = driver
        self._defect = defect

    def path(self, uid: str) -> Path:
        """A claim's CDI file."""
        return self._cdi / f"{self._driver}_{uid}.json"

    def define_common(self, widgets: Iterable[str]) -> None:
        """A CDI device that every container with a widget gets; it belongs to no claim and stays."""
        edits = {"env": [f"WIDGET_DRIVER={self._driver}"]}
        spec = {"cdiVersion": "0.5.0", "kind": f"{self._driver}/widget"}
        devices: list[dict[str, Any]] = [{"name": "common", "containerEdits": edits}]
        if self._defect == "static-nodes":
            nodes = [node_of(name) for name in widgets]
            devices.append({"name": "all", "containerEdits": {"deviceNodes": nodes}})
        scratch, path = self._cdi / f"{self._driver}-common.tmp", self._cdi / f"{self._driver}-common.json"
        scratch.write_text(json.dumps({**spec, "devices": devices}))
        scratch.chmod(0o644)
        scratch.replace(path)

    def sweep(self, known: Collection[str]) -> None:
        """Remove CDI files of claims that are not KNOWN, and half-written ones."""
        for path in self._cdi.glob(f"{self._driver}_*"):
            if self._defect == "keeps-temporary" and path.suffix == ".tmp":
                continue
            if path.name.removeprefix(f"{self._driver}_").removesuffix(".json") not in known:
                path.unlink()

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

    def remove(self, uid: str) -> None:
        """Remove a claim's CDI file; idempotent.

        Raises:
            Unwritten: it cannot be removed.
        """
        try:
            self.path(uid).unlink(missing_ok=True)
        except OSError as error:
            message = f"cannot remove {self.path(uid).name}: {os.strerror(error.errno or 0)}"
            raise Unwritten(message) from error

    def rewrite_slowly(self, claims: Claims) -> None:
        """Remove the files of all CLAIMS, and write them again a moment later; only with a defect."""
        for uid in claims:
            self.path(uid).unlink(missing_ok=True)
        time.sleep(RESTORE_S)
        for uid, known in claims.items():
            self.write(uid, known["devices"])

    def remove_shares(self, devices: Answer, claims: Claims) -> None:
        """What a driver does that forgets whose share it takes back: the files of all CLAIMS with one of DEVICES go."""
        names = {device["device"] for device in devices if device["share"]}
        for uid, other in claims.items():
            if names & {device["device"] for device in other["devices"]}:
                self.path(uid).unlink(missing_ok=True)

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
        edits: dict[str, Any] = {"env": env, "deviceNodes": [node_of(name)]}
        if device["color"] and self._defect == "trusts-parameters":
            edits["mounts"] = [{"hostPath": device["color"], "containerPath": "/paint"}]
        return edits


def node_of(name: str) -> dict[str, str]:
    """The device node of a widget: one that every machine has under another name, so that containers start."""
    return {"path": f"/dev/{name}", "hostPath": "/dev/null"}
