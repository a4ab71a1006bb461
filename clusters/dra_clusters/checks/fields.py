"""Field validation of requests: fieldValidation Ignore, Warn and Strict (KEP 2885)."""

from typing import Any

from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import Answer, same
from dra_clusters.checks.world import World

KEP = "KEP 2885"


def make(world: World, mode: str, text: str) -> Answer:
    """Create a config map from TEXT with a mode of field validation."""
    query: dict[str, Any] = {"fieldValidation": mode} if mode else {}
    headers = {"Content-Type": "application/json"}
    return world.client.send("POST", world.path("configmaps"), text.encode(), query=query, headers=headers)


UNKNOWN = '{"metadata": {"name": "a", "nothing": 1}, "nope": 1}'
TWICE = '{"metadata": {"name": "a"}, "data": {"x": "1"}, "data": {"y": "2"}}'


@behaviour("fields/strict-refuses-unknown", KEP)
def strict_refuses(world: World) -> None:
    """Strict refuses unknown fields with 400 and names each with its path."""
    make(world, "Strict", UNKNOWN).refuse(
        400, "BadRequest", 'strict decoding error: unknown field "metadata.nothing", unknown field "nope"'
    )


@behaviour("fields/warn-warns-of-unknown", KEP)
def warn_warns(world: World) -> None:
    """Warn stores the object without the fields and sends a Warning header for them."""
    answer = make(world, "Warn", UNKNOWN)
    same("nope" in answer.expect(201), False, "the unknown field")
    wanted = '299 - "unknown field \\"metadata.nothing\\""'
    same(wanted in answer.headers.get("warning", ""), True, f"{wanted} in {answer.headers.get('warning')}")


@behaviour("fields/warn-is-the-default", KEP)
def warn_is_default(world: World) -> None:
    """Without fieldValidation the server warns."""
    answer = make(world, "", UNKNOWN)
    answer.expect(201)
    same("unknown field" in answer.headers.get("warning", ""), True, "a warning")


@behaviour("fields/ignore-is-silent", KEP)
def ignore_is_silent(world: World) -> None:
    """Ignore drops unknown fields without a word."""
    answer = make(world, "Ignore", UNKNOWN)
    same(("nope" in answer.expect(201), answer.headers.get("warning")), (False, None), "field and warning")


@behaviour("fields/strict-refuses-duplicates", KEP)
def strict_duplicates(world: World) -> None:
    """Strict refuses a field that is there twice."""
    make(world, "Strict", TWICE).refuse(400, "BadRequest", 'strict decoding error: duplicate field "data"')


@behaviour("fields/last-duplicate-wins", KEP)
def last_duplicate(world: World) -> None:
    """Of a field that is there twice maps are merged, as the Go decoder does."""
    same(make(world, "Ignore", TWICE).expect(201)["data"], {"x": "1", "y": "2"}, "data")


@behaviour("fields/unknown-mode", KEP)
def unknown_mode(world: World) -> None:
    """Another mode is 422 NotSupported."""
    make(world, "Maybe", UNKNOWN).invalid(("FieldValueNotSupported", "fieldValidation"))


@behaviour("fields/strict-in-lists", KEP)
def strict_in_lists(world: World) -> None:
    """The path of an unknown field in a list has its index."""
    spec = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "x", "nope": 1}}]}}
    answer = world.post(
        "resourceclaims", {"metadata": {"name": "a"}, "spec": spec}, query={"fieldValidation": "Strict"}
    )
    answer.refuse(400, "BadRequest", 'unknown field "spec.devices.requests[0].exactly.nope"')


@behaviour("fields/strict-merge-patch", KEP)
def strict_merge_patch(world: World) -> None:
    """Strict refuses unknown fields in a merge patch with 422."""
    world.create("configmaps", {"metadata": {"name": "a"}})
    answer = world.patch("merge", "configmaps", "a", {"nope": 1}, fieldValidation="Strict")
    answer.refuse(422, "Invalid", 'unknown field "nope"')


@behaviour("fields/strict-put", KEP)
def strict_put(world: World) -> None:
    """Strict refuses unknown fields in a replace with 400."""
    stored = world.create("configmaps", {"metadata": {"name": "a"}})
    path = world.path("configmaps", "a")
    answer = world.client.send("PUT", path, {**stored, "nope": 1}, query={"fieldValidation": "Strict"})
    answer.refuse(400, "BadRequest", 'unknown field "nope"')


@behaviour("fields/unknown-are-dropped", KEP)
def unknown_are_dropped(world: World) -> None:
    """What the schema does not know is never stored."""
    make(world, "Ignore", UNKNOWN).expect(201)
    stored = world.get("configmaps", "a").expect(200)
    same(("nope" in stored, "nothing" in stored["metadata"]), (False, False), "unknown fields")


@behaviour("fields/names-are-case-sensitive", "sigs.k8s.io/json")
def case_sensitive(world: World) -> None:
    """A field in another case is an unknown field."""
    answer = make(world, "Strict", '{"metadata": {"name": "a"}, "Data": {"x": "1"}}')
    answer.refuse(400, "BadRequest", 'unknown field "Data"')
