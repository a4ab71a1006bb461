"""Pure: files that describe a claim's devices to workloads (KEP-5304; kubeletplugin/metadata.go, 1.37)."""

import json
import re
from typing import Any

ROOT = "/var/run/kubernetes.io/dra-device-attributes"
GROUP = "metadata.resource.k8s.io"
VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def documents_in(text: str) -> list[Any]:
    """The JSON values of the stream in a file; one text that says so if it is none."""
    found: list[Any] = []
    rest, decoder = text.strip(), json.JSONDecoder()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError as error:
            return [*found, f"no JSON: {error}"]
        found.append(value)
        rest = rest[end:].strip()
    return found


def head_of(document: Any) -> tuple[tuple[int, ...], str]:
    """How new a document's version is, and its kind; the version is empty if it is of another group."""
    if not isinstance(document, dict):
        return (), ""
    group, _, version = str(document.get("apiVersion", "")).partition("/")
    match = VERSION.fullmatch(version)
    if group != GROUP or match is None:
        return (), str(document.get("kind", ""))
    major, stage, minor = match.groups()
    return ({"alpha": 0, "beta": 1}.get(stage, 2), int(major), int(minor or 0)), str(document.get("kind", ""))


def devices_in(document: Any) -> list[tuple[str, str, str]]:
    """(driver, pool, name) of each device in a document."""
    requests = document.get("requests") or [] if isinstance(document, dict) else []
    return [
        (str(device.get("driver")), str(device.get("pool")), str(device.get("name")))
        for request in requests
        for device in request.get("devices") or []
    ]


def odd_versions(documents: list[Any]) -> str:
    """What is wrong with the versions of a file: each once, the newest first, of kind DeviceMetadata; empty if nothing."""
    heads = [head_of(document) for document in documents]
    ranks = [rank for rank, _ in heads]
    good = documents and all(kind == "DeviceMetadata" and rank for rank, kind in heads)
    if good and ranks == sorted(set(ranks), reverse=True):
        return ""
    return str([str(document)[:60] for document in documents] or "nothing")
