"""Pure: what a client asks to find out what the server has: groups, resources, version, and a little OpenAPI.

The OpenAPI documents say which operations exist and which query parameters they take, which is what kubectl reads them
for before it applies; they hold no schemas.
"""

from typing import Any

from dra_clusters.embedded.resources import RESOURCES, Resource


def group_versions() -> dict[tuple[str, str], list[Resource]]:
    """{(group, version): kinds}."""
    found: dict[tuple[str, str], list[Resource]] = {}
    for resource in RESOURCES.values():
        found.setdefault((resource.group, resource.version), []).append(resource)
    return found


def version(kubernetes: str) -> dict[str, str]:
    """``/version``."""
    major, minor = kubernetes.split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{kubernetes}.0-embedded",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "cpython",
        "platform": "linux/amd64",
    }


def api_versions() -> dict[str, Any]:
    """``/api``."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group(name: str) -> dict[str, Any]:
    """``/apis/<group>``."""
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for group, version in group_versions()
        if group == name
    ]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": versions,
        "preferredVersion": versions[0],
    }


def group_list() -> dict[str, Any]:
    """``/apis``."""
    names = sorted({name for name, _ in group_versions() if name})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(name) for name in names]}


def resource_list(api_version: str, resources: list[Resource]) -> dict[str, Any]:
    """``/api/v1`` and ``/apis/<group>/<version>``."""
    rows = []
    for resource in resources:
        row = {
            "name": resource.plural,
            "singularName": resource.kind.lower(),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": resource.verbs,
            "shortNames": list(resource.short),
        }
        rows.append(row)
        if resource.status:
            rows.append(
                row
                | {"name": f"{resource.plural}/status", "verbs": ["get", "patch", "update"], "shortNames": []}
            )
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": rows}


def openapi_index() -> dict[str, Any]:
    """``/openapi/v3``."""
    return {
        "paths": {root(key): {"serverRelativeURL": f"/openapi/v3/{root(key)}"} for key in group_versions()}
    }


def root(key: tuple[str, str]) -> str:
    """``api/v1`` or ``apis/<group>/<version>``."""
    return f"apis/{key[0]}/{key[1]}" if key[0] else f"api/{key[1]}"


def openapi(key: tuple[str, str]) -> dict[str, Any]:
    """``/openapi/v3/<root>``: the patch operation of each kind with its query parameters."""
    paths = {}
    for resource in group_versions()[key]:
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        middle = "namespaces/{namespace}/" if resource.namespaced else ""
        parameters = [
            {"name": name, "in": "query", "schema": {"type": "string"}}
            for name in ("dryRun", "fieldManager", "fieldValidation", "force")
        ]
        operation = {
            "parameters": parameters,
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": kind,
        }
        paths[f"/{root(key)}/{middle}{resource.plural}/{{name}}"] = {"patch": operation}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "embedded"}, "paths": paths}
