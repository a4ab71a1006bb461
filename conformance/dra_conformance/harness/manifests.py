"""The Kubernetes objects that a vendor ships: what a command of the descriptor prints, read once in a session."""

from typing import Any

import yaml

from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import not_applicable
from dra_conformance.harness.commands import run_command
from dra_conformance.rules.manifests import Shipped

TIMEOUT_S = 60.0
BYTES_MAX = 16 << 20


def shipped_with(descriptor: Descriptor) -> Shipped:
    """What the command ``manifests`` of the descriptor prints.

    Raises:
        NotApplicable: the descriptor has none.
        HarnessError: the command fails, or what it prints are no objects.
    """
    if descriptor.manifests is None:
        not_applicable("the descriptor names no manifests")
    done = run_command("manifests", descriptor.manifests, timeout_s=TIMEOUT_S)
    return Shipped(parse(done.stdout), descriptor.driver, descriptor.oldest_kubernetes)


def parse(raw: bytes) -> tuple[dict[str, Any], ...]:
    """The objects of a stream of YAML documents; the items of lists are objects of their own.

    Raises:
        HarnessError: it is too large, or a document is no object.
    """
    if len(raw) > BYTES_MAX:
        message = f"manifests of the descriptor: {len(raw)} bytes, at most {BYTES_MAX} are read"
        raise HarnessError(message)
    try:
        documents = [item for item in yaml.load_all(raw, Loader=yaml.CSafeLoader) if item]
    except yaml.YAMLError as error:
        message = f"manifests of the descriptor are no YAML: {error}"
        raise HarnessError(message) from error
    found: list[dict[str, Any]] = []
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("metadata", {}), dict):
            message = f"manifests of the descriptor: wanted Kubernetes objects, found {str(document)[:200]!r}"
            raise HarnessError(message)
        found += document["items"] if str(document.get("kind")).endswith("List") else [document]
    return tuple(found)
