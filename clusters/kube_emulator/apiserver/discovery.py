"""Pure: the discovery documents: groups, versions, resources, the server's own version.

Both forms: the legacy one, a document for each group and version, and the aggregated one (``apidiscovery.k8s.io``), a
document for all. Shapes are those of apiserver ``endpoints/discovery`` (1.36).
"""

import base64
import hashlib
from collections.abc import Sequence

from dra_api.objects import JsonObject
from kube_emulator.apiserver.resources import Registry, Served
from kube_emulator.releases.release import Release

GroupVersions = dict[tuple[str, str], list[Served]]
WRITTEN_ONLY = {
    "binding": ("Binding", "", "v1", ["create"]),
    "eviction": ("Eviction", "policy", "v1", ["create"]),
    "attach": ("PodAttachOptions", "", "v1", ["create", "get"]),
    "exec": ("PodExecOptions", "", "v1", ["create", "get"]),
    "log": ("Pod", "", "v1", ["get"]),
    "portforward": ("PodPortForwardOptions", "", "v1", ["create", "get"]),
    "token": ("TokenRequest", "authentication.k8s.io", "v1", ["create"]),
    "scale": ("Scale", "autoscaling", "v1", ["get", "patch", "update"]),
}
"""{subresource: (kind, group, version, verbs)} of those that have a kind of their own."""

REVIEWS = {
    "authentication.k8s.io": (
        ("selfsubjectreviews", "SelfSubjectReview", False),
        ("tokenreviews", "TokenReview", False),
    ),
    "authorization.k8s.io": (
        ("localsubjectaccessreviews", "LocalSubjectAccessReview", True),
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview", False),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview", False),
        ("subjectaccessreviews", "SubjectAccessReview", False),
    ),
}
"""{group: (plural, kind, namespaced)} of review kinds, which ``auth.reviews`` answers."""


def version(release: Release) -> JsonObject:
    """``/version``."""
    return {
        "major": str(release.major),
        "minor": str(release.minor),
        "emulationMajor": str(release.major),
        "emulationMinor": str(release.minor),
        "minCompatibilityMajor": str(release.major),
        "minCompatibilityMinor": str(release.minor - 1),
        "gitVersion": f"v{release}.0-embedded",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "cpython",
        "platform": "linux/amd64",
    }


def api_versions(address: str) -> JsonObject:
    """``/api``."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def groups(registry: Registry) -> dict[str, list[str]]:
    """{group: its versions, preferred first}, without the core group."""
    found: dict[str, list[str]] = {}
    for name, version_name in registry.group_versions():
        if name:
            found.setdefault(name, []).append(version_name)
    return found | {name: ["v1"] for name in REVIEWS}


def group(name: str, versions: Sequence[str]) -> JsonObject:
    """One group, without its header."""
    listed = [
        {"groupVersion": f"{name}/{version_name}", "version": version_name} for version_name in versions
    ]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def group_list(registry: Registry) -> JsonObject:
    """``/apis``."""
    listed = [group(name, versions) for name, versions in groups(registry).items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def resource_list(api_version: str, kinds: Sequence[Served]) -> JsonObject:
    """``/api/v1`` and ``/apis/<group>/<version>``."""
    rows: list[JsonObject] = []
    for served in sorted(kinds, key=lambda kind: kind.plural):
        resource = served.resource
        row: JsonObject = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": resource.verbs,
        }
        if resource.short:
            row["shortNames"] = list(resource.short)
        if resource.categories:
            row["categories"] = list(resource.categories)
        rows.append(row | {"storageVersionHash": storage_hash(served)})
        rows += [subresource_row(served, name) for name in sorted(resource.subresources)]
    rows += [review_row(row) for row in REVIEWS.get(api_version.rpartition("/")[0], ())]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": rows}


def storage_hash(served: Served) -> str:
    """A short text that changes with the storage version (apiserver ``discovery/storageversionhash.go``)."""
    resource = served.resource
    digest = hashlib.sha256(f"{resource.group}/{resource.version}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def subresource_row(served: Served, name: str) -> JsonObject:
    """A subresource in a legacy list."""
    resource = served.resource
    row: JsonObject = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if name in WRITTEN_ONLY:
        kind, of_group, of_version, verbs = WRITTEN_ONLY[name]
        home = {"group": of_group, "version": of_version} if of_group else {}
        return row | home | {"kind": kind, "verbs": verbs}
    return row | {"kind": resource.kind, "verbs": verbs_of(name)}


def verbs_of(subresource: str) -> list[str]:
    """What can be done with ``status`` and ``finalize``."""
    return ["update"] if subresource == "finalize" else ["get", "patch", "update"]


def review_row(row: tuple[str, str, bool]) -> JsonObject:
    """A review kind in a legacy list."""
    plural, kind, namespaced = row
    return {
        "name": plural,
        "singularName": kind.lower(),
        "namespaced": namespaced,
        "kind": kind,
        "verbs": ["create"],
    }


def aggregated(registry: Registry, version_name: str, *, core: bool) -> JsonObject:
    """``/api`` (CORE) or ``/apis`` as ``APIGroupDiscoveryList``."""
    found = registry.group_versions()
    names = {"": ["v1"]} if core else groups(registry)
    items = [
        {
            "metadata": {"name": name} if name else {},
            "versions": [
                {
                    "version": each,
                    "resources": [
                        *(
                            aggregated_row(kind)
                            for kind in sorted(found.get((name, each), []), key=lambda k: k.plural)
                        ),
                        *(aggregated_review(name, row) for row in REVIEWS.get(name, ())),
                    ],
                    "freshness": "Current",
                }
                for each in versions
            ],
        }
        for name, versions in names.items()
    ]
    head = {"kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{version_name}"}
    return {**head, "metadata": {}, "items": items}


def aggregated_row(served: Served) -> JsonObject:
    """A kind in the aggregated form."""
    resource = served.resource
    row: JsonObject = {
        "resource": resource.plural,
        "responseKind": {"group": served.group, "version": served.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": resource.verbs,
    }
    if resource.short:
        row["shortNames"] = list(resource.short)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.subresources:
        row["subresources"] = [aggregated_subresource(served, name) for name in sorted(resource.subresources)]
    return row


def aggregated_subresource(served: Served, name: str) -> JsonObject:
    """A subresource in the aggregated form."""
    kind, of_group, of_version, verbs = WRITTEN_ONLY.get(
        name, (served.kind, served.group, served.version, verbs_of(name))
    )
    response = {"group": of_group, "version": of_version, "kind": kind}
    return {"subresource": name, "responseKind": response, "verbs": verbs}


def aggregated_review(name: str, row: tuple[str, str, bool]) -> JsonObject:
    """A review kind in the aggregated form."""
    plural, kind, namespaced = row
    return {
        "resource": plural,
        "responseKind": {"group": name, "version": "v1", "kind": kind},
        "scope": "Namespaced" if namespaced else "Cluster",
        "singularResource": kind.lower(),
        "verbs": ["create"],
    }
