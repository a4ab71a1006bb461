"""The controller of the control driver's ComputeDomains: templates, daemons, status, deletion, and a device for each rack.

It looks at everything again and again, ten times a second. A daemon is a pod that does nothing; it is ready when its pod is.
"""

import argparse
import contextlib
import time
from pathlib import Path
from typing import Any

from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi
from dra_conformance.controls.domain_objects import CLASS, CLIQUE_LABEL, DOMAINS, KIND, LABEL
from dra_conformance.controls.domain_status import Numbers, entries, status_of

POLL_S = 0.1
MERGE = "application/merge-patch+json"
GONE, THERE = 404, 409
SLICES = f"{GROUP}/resourceslices"


class Domains:
    """Looks after all domains and fabrics."""

    def __init__(self, api: ControlApi, *, driver: str, namespace: str, defect: str) -> None:
        self._api = api
        self._driver = driver
        self._namespace = namespace
        self._defect = defect
        self._numbers: dict[str, Numbers] = {}
        self._first: set[str] | None = None
        self._deleted: set[str] = set()
        self._made: set[str] = set()
        self._counted: dict[str, int] = {}

    def look(self) -> None:
        """Do what is next for each domain, and publish."""
        items = self._list(DOMAINS)
        if self._first is None:
            self._first = {item["metadata"]["uid"] for item in items}
            self._deleted = {i["metadata"]["uid"] for i in items if i["metadata"].get("deletionTimestamp")}
        nodes = {item["metadata"]["name"]: item for item in self._list("/api/v1/nodes")}
        pods = self._list(f"/api/v1/namespaces/{self._namespace}/pods")
        self.publish(nodes)
        for item in items:
            uid = item["metadata"]["uid"]
            mine = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(LABEL) == uid]
            mine = [pod for pod in mine if not pod["metadata"].get("deletionTimestamp")]
            if item["metadata"].get("deletionTimestamp"):
                if self._defect != "forgets-deletions" or uid not in self._deleted:
                    self.remove(item, mine)
            elif self._defect != "forgets-domains" or uid not in self._first:
                self.keep(item, mine, nodes)

    def _list(self, path: str) -> list[Any]:
        found: list[Any] = self._api.request("GET", path)["items"]
        return found

    def _get(self, path: str) -> Any:
        """The object; None if there is none."""
        try:
            return self._api.request("GET", path)
        except ApiFailure as error:
            if error.code == GONE:
                return None
            raise

    def _create(self, path: str, item: dict[str, Any]) -> None:
        with contextlib.suppress(ApiFailure):  # somebody was first: the next look sees it
            self._api.request("POST", path, item)

    def _delete(self, path: str) -> None:
        with contextlib.suppress(ApiFailure):
            self._api.request("DELETE", path, {"propagationPolicy": "Background"})

    def keep(self, domain: Any, pods: list[Any], nodes: dict[str, Any]) -> None:
        """Make what a domain lacks, and write its status."""
        metadata = domain["metadata"]
        uid, path = (
            metadata["uid"],
            f"/apis/resource.nvidia.com/v1beta1/namespaces/{metadata['namespace']}/computedomains/{metadata['name']}",
        )
        if LABEL not in (metadata.get("finalizers") or []):
            kept = [*(metadata.get("finalizers") or []), LABEL]
            domain = self._api.request("PATCH", path, {"metadata": {"finalizers": kept}}, MERGE)
        problem = self.make(domain)
        numbers = self._numbers.setdefault(uid, Numbers(self._defect))
        found = entries(domain, pods, nodes, numbers, self._defect)
        status = status_of(domain, found, problem, self._defect)
        if self._defect == "writes-always":
            status["looked"] = str(time.monotonic())
        if status != domain.get("status"):
            self._api.request("PATCH", f"{path}/status", {"status": status}, MERGE)

    def make(self, domain: Any) -> str:
        """Make template and daemons of a domain; why that cannot be, empty if it can."""
        metadata = domain["metadata"]
        uid, name = metadata["uid"], domain["spec"]["channel"]["resourceClaimTemplate"]["name"]
        templates = f"{GROUP}/namespaces/{metadata['namespace']}/resourceclaimtemplates"
        there = self._get(f"{templates}/{name}")
        foreign = there is not None and (there["metadata"].get("labels") or {}).get(LABEL) != uid
        if foreign and self._defect != "takes-templates":
            return f"template {name} was not made for this domain"
        made_before = self._defect == "makes-once" and uid in self._made
        if there is None and self._defect != "makes-no-template" and not made_before:
            self._create(templates, self.template(name, domain))
        sets = f"/apis/apps/v1/namespaces/{self._namespace}/daemonsets"
        if self._get(f"{sets}/domain-{uid}") is None:
            self._create(sets, self.daemons(uid))
        self._made.add(uid)
        return ""

    def template(self, name: str, domain: Any) -> dict[str, Any]:
        """The template for the workload's claims."""
        metadata = domain["metadata"]
        uid = metadata["name"] if self._defect == "names-no-domain" else metadata["uid"]
        parameters = {"kind": KIND, "domainID": uid}
        devices = {
            "requests": [{"name": "channel", "exactly": {"deviceClassName": CLASS}}],
            "config": [{"opaque": {"driver": self._driver, "parameters": parameters}}],
        }
        labels = {LABEL: metadata["uid"]}
        return {"metadata": {"name": name, "labels": labels}, "spec": {"spec": {"devices": devices}}}

    def daemons(self, uid: str) -> dict[str, Any]:
        """The DaemonSet of a domain."""
        labels = {LABEL: uid}
        spec: dict[str, Any] = {
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "daemon", "image": "x"}],
        }
        if self._defect != "daemons-everywhere":
            spec["nodeSelector"] = labels
        template = {"metadata": {"labels": labels}, "spec": spec}
        return {
            "metadata": {"name": f"domain-{uid}", "labels": labels},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        }

    def remove(self, domain: Any, pods: list[Any]) -> None:
        """Do the next step of a deletion."""
        metadata = domain["metadata"]
        uid, namespace = metadata["uid"], metadata["namespace"]
        if not self.remove_templates(domain):
            return
        claims = self._list(f"{GROUP}/namespaces/{namespace}/resourceclaims")
        if any(self.uses(claim, uid) for claim in claims) and self._defect != "deletes-under-pods":
            return
        sets = f"/apis/apps/v1/namespaces/{self._namespace}/daemonsets/domain-{uid}"
        if self._get(sets) is not None:
            self._delete(sets)
            return
        if pods:
            return
        kept = [one for one in metadata.get("finalizers") or [] if one != LABEL]
        path = f"/apis/resource.nvidia.com/v1beta1/namespaces/{namespace}/computedomains/{metadata['name']}"
        self._api.request("PATCH", path, {"metadata": {"finalizers": kept}}, MERGE)

    def remove_templates(self, domain: Any) -> bool:
        """Delete the template of a domain; whether it is gone."""
        metadata = domain["metadata"]
        if self._defect == "leaves-templates":
            return True
        for item in self._list(f"{GROUP}/resourceclaimtemplates"):
            owner = (item["metadata"].get("labels") or {}).get(LABEL)
            named = item["metadata"]["name"] == domain["spec"]["channel"]["resourceClaimTemplate"]["name"]
            taken = self._defect == "takes-templates" and named
            every = self._defect == "deletes-others" and owner
            if not (owner == metadata["uid"] or taken or every):
                continue
            path = f"{GROUP}/namespaces/{item['metadata']['namespace']}/resourceclaimtemplates/{item['metadata']['name']}"
            self._delete(path)
            if LABEL in (item["metadata"].get("finalizers") or []):
                if self._defect == "honours-finalizers":
                    return False
                self._api.request("PATCH", path, {"metadata": {"finalizers": []}}, MERGE)
        return True

    def uses(self, claim: Any, uid: str) -> bool:
        """Whether an allocated claim has a channel of a domain."""
        allocation = (claim.get("status") or {}).get("allocation") or {}
        configs = (allocation.get("devices") or {}).get("config") or []
        return any(
            config.get("opaque", {}).get("parameters", {}).get("domainID") == uid for config in configs
        )

    def publish(self, nodes: dict[str, Any]) -> None:
        """Publish a device for each rack."""
        cliques: dict[str, int] = {}
        for node in nodes.values():
            if clique := (node["metadata"].get("labels") or {}).get(CLIQUE_LABEL):
                cliques[clique] = cliques.get(clique, 0) + 1
        stored = {item["metadata"]["name"]: item for item in self._list(SLICES)}
        copies = 2 if self._defect == "publishes-twice" else 1
        for clique, count in cliques.items():
            most = self._counted[clique] = max(count, self._counted.get(clique, 0))
            count = most if self._defect == "counts-lost-nodes" else count
            values = sorted(cliques) if self._defect == "covers-every-rack" else [clique]
            for copy in range(copies):
                name = f"fabric-{clique}-{copy}"
                self.write(name, stored.get(name), self.fabric(name, values, count))

    def fabric(self, pool: str, cliques: list[str], count: int) -> dict[str, Any]:
        """The spec of a rack's slice."""
        number = count + (self._defect == "counts-one-more")
        attributes = {"type": {"string": "fabric"}, "nodes": {"int": number}}
        expression = {"key": CLIQUE_LABEL, "operator": "In", "values": cliques}
        return {
            "driver": self._driver,
            "pool": {"name": pool, "generation": 1, "resourceSliceCount": 1},
            "nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]},
            "devices": [{"name": "fabric", "attributes": attributes}],
        }

    def write(self, name: str, found: Any, spec: dict[str, Any]) -> None:
        """Create or replace a slice, if it differs."""
        if found is None:
            self._create(SLICES, {"metadata": {"name": name}, "spec": spec})
        elif (
            found["spec"]["devices"] != spec["devices"]
            or found["spec"]["nodeSelector"] != spec["nodeSelector"]
        ):
            spec["pool"]["generation"] = found["spec"]["pool"]["generation"] + 1
            self._api.request("PUT", f"{SLICES}/{name}", {"metadata": found["metadata"], "spec": spec})


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver-name", required=True)
    parser.add_argument("--kubeconfig", required=True, type=Path)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--defect", default="")
    arguments = parser.parse_args()
    domains = Domains(
        ControlApi(arguments.kubeconfig),
        driver=arguments.driver_name,
        namespace=arguments.namespace,
        defect=arguments.defect,
    )
    while True:
        with contextlib.suppress(ApiFailure):  # the next look is soon
            domains.look()
        time.sleep(POLL_S)


if __name__ == "__main__":
    main()
