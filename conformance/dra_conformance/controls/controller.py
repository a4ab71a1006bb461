"""The controller of the control driver: it attaches devices of the fabric to the nodes of claims (KEP-5007).

It runs once in a cluster. For each allocated device with binding conditions it says in ``status.devices`` of the claim that
the device is attached, or that it cannot be: a file with the device's name and the word ``detached``.
"""

import argparse
import contextlib
import time
from pathlib import Path
from typing import Any

from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi

POLL_S = 0.1
APPLY = "application/apply-patch+yaml"


class Controller:
    """Looks at all claims again and again."""

    def __init__(self, api: ControlApi, *, driver: str, devices: Path, defect: str) -> None:
        self._api = api
        self._driver = driver
        self._devices = devices
        self._defect = defect
        self._seen: set[str] = set()
        self._old: set[str] | None = None

    def look(self) -> None:
        """Attach what claims have and wait for."""
        claims = self._api.request("GET", f"{GROUP}/resourceclaims")["items"]
        if self._old is None:
            self._old = {claim["metadata"]["uid"] for claim in claims}
        for claim in claims:
            uid = claim["metadata"]["uid"]
            if self._defect == "forgets-attaching" and uid in self._old:
                continue
            if self._defect == "attaches-once" and uid in self._seen:
                continue
            if entries := [entry for entry in map(self.entry, self.waiting(claim)) if entry["conditions"]]:
                self._seen.add(uid)
                self.write(claim, entries)

    def waiting(self, claim: Any) -> list[Any]:
        """The results of this driver that have binding conditions, unless what is to be said of them is said."""
        status = claim.get("status") or {}
        said = {
            (entry["driver"], entry["pool"], entry["device"], condition["type"])
            for entry in status.get("devices") or []
            for condition in entry.get("conditions") or []
        }
        results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or []
        mine = [r for r in results if r["driver"] == self._driver and r.get("bindingConditions")]
        return [r for r in mine if (r["driver"], r["pool"], r["device"], self.condition(r)) not in said]

    def condition(self, result: Any) -> str:
        """Which condition of RESULT is true."""
        name = "bindingFailureConditions" if self.detached(result["device"]) else "bindingConditions"
        return str(result[name][0])

    def detached(self, device: str) -> bool:
        """Whether DEVICE cannot be attached."""
        path = self._devices / device
        return path.is_file() and path.read_text().strip() == "detached"

    def entry(self, result: Any) -> dict[str, Any]:
        """What is said of RESULT."""
        silent = self._defect == "never-attaches"
        silent = silent or (self._defect == "hides-detached" and self.detached(result["device"]))
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        found = {"type": self.condition(result), "status": "True", "reason": "Fabric", "message": ""}
        conditions = [] if silent else [found | {"lastTransitionTime": now}]
        return {name: result[name] for name in ("driver", "pool", "device")} | {"conditions": conditions}

    def write(self, claim: Any, entries: list[dict[str, Any]]) -> None:
        """Apply the ENTRIES of a claim."""
        metadata = {name: claim["metadata"][name] for name in ("namespace", "name", "uid")}
        body = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": metadata}
        path = f"{GROUP}/namespaces/{metadata['namespace']}/resourceclaims/{metadata['name']}/status"
        query = f"?fieldManager={self._driver}-controller&force=true"
        self._api.request("PATCH", path + query, {**body, "status": {"devices": entries}}, APPLY)


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver-name", required=True)
    parser.add_argument("--kubeconfig", required=True, type=Path)
    parser.add_argument("--devices-dir", required=True, type=Path)
    parser.add_argument("--defect", default="")
    arguments = parser.parse_args()
    api = ControlApi(arguments.kubeconfig)
    controller = Controller(
        api, driver=arguments.driver_name, devices=arguments.devices_dir, defect=arguments.defect
    )
    while True:
        with contextlib.suppress(ApiFailure):  # the next look is soon
            controller.look()
        time.sleep(POLL_S)


if __name__ == "__main__":
    main()
