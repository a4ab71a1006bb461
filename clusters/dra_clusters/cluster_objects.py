"""Lists the objects of a kind in any cluster, in the version that it serves, page by page."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.raw_client import RawClient

VERSIONS = ("v1", "v1beta2")
"""Versions of resource.k8s.io with the same shape, newest first."""
PAGE = 500
"""Objects of one answer, as kubectl asks for them."""


def pages(client: RawClient, path: str) -> list[JsonObject] | None:
    """All objects at PATH; None if the cluster serves nothing there.

    Raises:
        EnvironmentFault: the server refused, or does not answer.
    """
    found: list[JsonObject] = []
    query: dict[str, Any] = {"limit": PAGE}
    while True:
        answer = client.send("GET", path, query=query)
        if answer.code == HTTPStatus.NOT_FOUND:
            return None
        page = answer.expect(HTTPStatus.OK)
        found += page.get("items") or []
        following = (page.get("metadata") or {}).get("continue")
        if not following:
            return found
        query["continue"] = following


def items_at(client: RawClient, path: str) -> list[JsonObject]:
    """All objects at PATH; none if the cluster does not know the kind. Raises as ``pages``."""
    return pages(client, path) or []


def items(client: RawClient, plural: str, versions: Sequence[str] = VERSIONS) -> list[JsonObject]:
    """All objects of a kind of resource.k8s.io; none if the cluster does not know it. Raises as ``pages``."""
    for version in versions:
        found = pages(client, f"/apis/resource.k8s.io/{version}/{plural}")
        if found is not None:
            return found
    return []
