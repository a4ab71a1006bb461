"""Pure: pods, claims and device classes as the checks of the tier ``cluster`` create them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dra_api.objects import JsonObject
from dra_conformance.harness.probe import COMMAND

RUN_ANNOTATION = "dra-conformance.dev/run"
"""Kubelets of the embedded cluster run the commands of pods that have it; to all others it means nothing."""
GRACE_S = 1


def class_selector(driver: str, types: Sequence[str]) -> str:
    """The CEL expression of DRIVER's plain devices, which are of one of TYPES if there are any."""
    mine = f"device.driver == {json.dumps(driver)}"
    if not types:
        return mine
    attributes = f"device.attributes[{json.dumps(driver)}]"
    return f'{mine} && "type" in {attributes} && {attributes}.type in {json.dumps(list(types))}'


def cel(*expressions: str) -> list[JsonObject]:
    """Selectors."""
    return [{"cel": {"expression": expression}} for expression in expressions]


def request(name: str, device_class: str, *expressions: str, **exactly: Any) -> JsonObject:
    """A request of one device, unless EXACTLY says otherwise, that the CEL EXPRESSIONS choose."""
    chosen = {"selectors": cel(*expressions)} if expressions else {}
    return {"name": name, "exactly": {"deviceClassName": device_class, **chosen, **exactly}}


def container(name: str, image: str, *uses: str | tuple[str, str]) -> JsonObject:
    """A container that prints what it sees; it uses entries of the pod's claims, whole or (entry, request)."""
    claims = [{"name": use} if isinstance(use, str) else {"name": use[0], "request": use[1]} for use in uses]
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": COMMAND,
        "resources": {"claims": claims} if claims else {},
    }


def pod(
    name: str,
    containers: Sequence[JsonObject],
    *,
    claims: Mapping[str, str] | None = None,
    templates: Mapping[str, str] | None = None,
    node: str = "",
    labels: Mapping[str, str] | None = None,
) -> JsonObject:
    """A pod with CLAIMS {entry: claim} and TEMPLATES {entry: template}; a NODE is chosen as the user would, by its label."""
    entries = [{"name": entry, "resourceClaimName": value} for entry, value in (claims or {}).items()]
    entries += [
        {"name": entry, "resourceClaimTemplateName": value} for entry, value in (templates or {}).items()
    ]
    spec: JsonObject = {
        "containers": list(containers),
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_S,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
    }
    if entries:
        spec["resourceClaims"] = entries
    if node:
        terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        spec["affinity"] = {"nodeAffinity": required}
    metadata = {"name": name, "annotations": {RUN_ANNOTATION: "true"}, "labels": dict(labels or {})}
    return {"metadata": metadata, "spec": spec}


def opaque(driver: str, parameters: JsonObject, *requests: str) -> JsonObject:
    """An entry of a claim's config; it is for REQUESTS, or for all."""
    entry: JsonObject = {"opaque": {"driver": driver, "parameters": parameters}}
    return {**entry, "requests": list(requests)} if requests else entry


def chooser(driver: str, device: JsonObject, others: Sequence[JsonObject]) -> str:
    """A CEL expression that is true for DEVICE alone of all: one of its attributes; empty if no attribute differs from OTHERS."""
    for name, value in sorted((device.get("attributes") or {}).items()):
        if "/" in name or any((one.get("attributes") or {}).get(name) == value for one in others):
            continue
        text = value.get("string", value.get("int"))
        if text is None or isinstance(text, list):
            continue
        attributes = f"device.attributes[{json.dumps(driver)}]"
        return f"{json.dumps(name)} in {attributes} && {attributes}.{name} == {json.dumps(text)}"
    return ""
