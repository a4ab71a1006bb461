"""The control driver's device metadata (KEP-5304): a file per request, mounted into containers by a CDI device of its own."""

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

ROOT = "/var/run/kubernetes.io/dra-device-attributes"
POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
VERSIONS = ("v1beta1", "v1alpha1")


class Metadata:
    """The metadata files of all claims; without ``on`` there are none."""

    def __init__(self, *, on: bool, driver: str, data_dir: Path, cdi_dir: Path, defect: str) -> None:
        self._on = on
        self._driver = driver
        self._folder = data_dir / "dra-device-metadata"
        self._cdi = cdi_dir
        self._defect = defect

    def ids(self, uid: str, request: str) -> list[str]:
        """The CDI id of a request's metadata."""
        return [f"{self._driver}/metadata={uid}_{request.partition('/')[0]}"] if self._on else []

    def write(self, claim: Any, devices: list[dict[str, Any]]) -> None:
        """Write the files of a claim.

        Raises:
            OSError: they cannot be written.
        """
        try:
            for request in sorted({device["request"] for device in devices} if self._on else ()):
                mine = [device for device in devices if device["request"] == request]
                self._write_request(claim, request, devices if self._defect == "metadata-of-all" else mine)
        except OSError:
            if self._defect != "hides-metadata-errors":
                raise

    def _write_request(self, claim: Any, request: str, devices: list[dict[str, Any]]) -> None:
        meta = claim["metadata"]
        main = request if self._defect == "metadata-by-subrequest" else request.partition("/")[0]
        path = self._place(meta["namespace"], meta["name"]) / main / "metadata.json"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.write_text(
            "\n".join(json.dumps(self._document(v, meta, request, devices)) for v in self._versions())
        )
        path.chmod(0o644)
        template = (meta.get("annotations") or {}).get(POD_CLAIM)
        place = f"resourceclaimtemplates/{template}" if template else f"resourceclaims/{meta['name']}"
        if self._defect == "metadata-as-claim":
            place = f"resourceclaims/{meta['name']}"
        options = ["rw", "bind"] if self._defect == "writable-metadata" else ["ro", "bind"]
        mount = {
            "hostPath": str(path),
            "containerPath": f"{ROOT}/{place}/{main}/{self._driver}-metadata.json",
            "options": options,
        }
        name = self.ids(meta["uid"], request)[0].partition("=")[2]
        spec = {
            "cdiVersion": "0.5.0",
            "kind": f"{self._driver}/metadata",
            "devices": [{"name": name, "containerEdits": {"mounts": [mount]}}],
        }
        target = self._cdi / f"{self._driver}-metadata-{name.replace('/', '-')}.json"
        scratch = target.with_suffix(".tmp")
        scratch.write_text(json.dumps(spec))
        scratch.chmod(0o644)
        scratch.replace(target)

    def _versions(self) -> tuple[str, ...]:
        return VERSIONS[::-1] if self._defect == "oldest-metadata-first" else VERSIONS

    def _document(
        self, version: str, meta: Any, request: str, devices: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """The metadata of a request in one version."""
        listed = [
            {
                "driver": self._driver,
                "pool": device["pool"],
                "name": device["device"].title() if self._defect == "metadata-names" else device["device"],
                "attributes": {"type": {"string": device["device"].partition("-")[0]}},
            }
            for device in devices
        ]
        return {
            "apiVersion": f"metadata.resource.k8s.io/{version}",
            "kind": "DeviceMetadata",
            "metadata": {
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
                "generation": 1,
            },
            "requests": [{"name": request, "devices": listed}],
        }

    def _place(self, namespace: str, name: str) -> Path:
        return self._folder / f"{namespace}_{name}"

    def sweep(self, known: Collection[str]) -> None:
        """Remove the CDI files of claims that are not KNOWN, and half-written ones."""
        start = f"{self._driver}-metadata-"
        for path in self._cdi.glob(f"{start}*"):
            if path.suffix == ".tmp" or path.name.removeprefix(start).partition("_")[0] not in known:
                path.unlink()

    def remove(self, namespace: str, name: str, uid: str) -> None:
        """Remove a claim's files."""
        if self._defect == "keeps-metadata":
            return
        shutil.rmtree(self._place(namespace, name), ignore_errors=True)
        for path in self._cdi.glob(f"{self._driver}-metadata-{uid}_*.json"):
            path.unlink()
