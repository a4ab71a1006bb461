"""Field validation of requests: fieldValidation Ignore, Warn and Strict (KEP 2885)."""

from typing import Any

from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import Answer, same
from dra_clusters.checks.context import CheckContext

KEP = "KEP 2885"


def make(context: CheckContext, mode: str, text: str) -> Answer:
    """Create a config map from TEXT with a mode of field validation."""
    query: dict[str, Any] = {"fieldValidation": mode} if mode else {}
    headers = {"Content-Type": "application/json"}
    return context.client.send(
        "POST", context.path("configmaps"), text.encode(), query=query, headers=headers
    )


UNKNOWN = '{"metadata": {"name": "a", "nothing": 1}, "nope": 1}'
TWICE = '{"metadata": {"name": "a"}, "data": {"x": "1"}, "data": {"y": "2"}}'


@behaviour("fields/strict-refuses-unknown", KEP)
def strict_refuses(context: CheckContext) -> None:
    """Strict refuses unknown fields with 400 and names each with its path."""
    make(context, "Strict", UNKNOWN).refuse(
        400, "BadRequest", 'strict decoding error: unknown field "metadata.nothing", unknown field "nope"'
    )


@behaviour("fields/warn-warns-of-unknown", KEP)
def warn_warns(context: CheckContext) -> None:
    """Warn stores the object without the fields and sends a Warning header for them."""
    answer = make(context, "Warn", UNKNOWN)
    same("nope" in answer.expect(201), False, "the unknown field")
    wanted = '299 - "unknown field \\"metadata.nothing\\""'
    same(wanted in answer.headers.get("warning", ""), True, f"{wanted} in {answer.headers.get('warning')}")


@behaviour("fields/warn-is-the-default", KEP)
def warn_is_default(context: CheckContext) -> None:
    """Without fieldValidation the server warns."""
    answer = make(context, "", UNKNOWN)
    answer.expect(201)
    same("unknown field" in answer.headers.get("warning", ""), True, "a warning")


@behaviour("fields/ignore-is-silent", KEP)
def ignore_is_silent(context: CheckContext) -> None:
    """Ignore drops unknown fields without a warning."""
    answer = make(context, "Ignore", UNKNOWN)
    same(("nope" in answer.expect(201), answer.headers.get("warning")), (False, None), "field and warning")


@behaviour("fields/strict-refuses-duplicates", KEP)
def strict_duplicates(context: CheckContext) -> None:
    """Strict refuses a field that is there twice."""
    make(context, "Strict", TWICE).refuse(400, "BadRequest", 'strict decoding error: duplicate field "data"')


@behaviour("fields/last-duplicate-wins", KEP)
def last_duplicate(context: CheckContext) -> None:
    """Of a field that is there twice maps are merged, as the Go decoder does."""
    same(make(context, "Ignore", TWICE).expect(201)["data"], {"x": "1", "y": "2"}, "data")


@behaviour("fields/unknown-mode", KEP)
def unknown_mode(context: CheckContext) -> None:
    """Another mode is 422 NotSupported."""
    make(context, "Maybe", UNKNOWN).invalid(("FieldValueNotSupported", "fieldValidation"))


@behaviour("fields/strict-in-lists", KEP)
def strict_in_lists(context: CheckContext) -> None:
    """The path of an unknown field in a list has its index."""
    spec = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "x", "nope": 1}}]}}
    answer = context.post(
        "resourceclaims", {"metadata": {"name": "a"}, "spec": spec}, query={"fieldValidation": "Strict"}
    )
    answer.refuse(400, "BadRequest", 'unknown field "spec.devices.requests[0].exactly.nope"')


@behaviour("fields/strict-merge-patch", KEP)
def strict_merge_patch(context: CheckContext) -> None:
    """Strict refuses unknown fields in a merge patch with 422."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    answer = context.patch("merge", "configmaps", "a", {"nope": 1}, fieldValidation="Strict")
    answer.refuse(422, "Invalid", 'unknown field "nope"')


@behaviour("fields/strict-put", KEP)
def strict_put(context: CheckContext) -> None:
    """Strict refuses unknown fields in a replace with 400."""
    stored = context.create("configmaps", {"metadata": {"name": "a"}})
    path = context.path("configmaps", "a")
    answer = context.client.send("PUT", path, {**stored, "nope": 1}, query={"fieldValidation": "Strict"})
    answer.refuse(400, "BadRequest", 'unknown field "nope"')


@behaviour("fields/unknown-are-dropped", KEP)
def unknown_are_dropped(context: CheckContext) -> None:
    """What the schema does not know is never stored."""
    make(context, "Ignore", UNKNOWN).expect(201)
    stored = context.get("configmaps", "a").expect(200)
    same(("nope" in stored, "nothing" in stored["metadata"]), (False, False), "unknown fields")


@behaviour("fields/names-are-case-sensitive", "sigs.k8s.io/json")
def case_sensitive(context: CheckContext) -> None:
    """A field in another case is an unknown field."""
    answer = make(context, "Strict", '{"metadata": {"name": "a"}, "Data": {"x": "1"}}')
    answer.refuse(400, "BadRequest", 'unknown field "Data"')
