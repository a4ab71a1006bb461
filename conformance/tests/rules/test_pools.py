"""What readers of slices could see between two writes."""

from typing import Any

from dra_conformance.rules.pools import (
    Phase,
    dependent_pools,
    kept_generations,
    pools_of,
    repeated_devices,
    states_of,
    torn_pools,
)


def item(name: str, *devices: str, generation: int = 1, count: int = 1, pool: str = "p") -> dict[str, Any]:
    place = {"name": pool, "generation": generation, "resourceSliceCount": count}
    return {"metadata": {"name": name}, "spec": {"pool": place, "devices": [{"name": d} for d in devices]}}


def phase(before: list[dict[str, Any]], *events: tuple[str, dict[str, Any]]) -> Phase:
    start = {each["metadata"]["name"]: each for each in before}
    return Phase(start, list(states_of(start, [{"type": kind, "object": each} for kind, each in events])))


GROWN = phase(
    [item("a", "x")],
    ("MODIFIED", item("a", "x", generation=2, count=2)),
    ("ADDED", item("b", "y", generation=2, count=2)),
)


def test_readers_see_the_newest_generation_only() -> None:
    state = {"a": item("a", "x"), "b": item("b", "x", generation=2)}
    assert [found["metadata"]["name"] for found in pools_of(state)["p"]] == ["b"]


def test_a_pool_that_grows_with_a_new_generation_breaks_no_rule() -> None:
    for rule in (torn_pools, repeated_devices, kept_generations, dependent_pools):
        assert list(rule(GROWN)) == []


def test_a_pool_that_is_counted_while_it_is_written_is_torn() -> None:
    torn = phase(
        [item("a", "x"), item("b", "y", pool="q")],
        ("MODIFIED", item("a", "z", generation=2, count=1)),
        ("ADDED", item("c", "y", generation=2, count=2)),
        ("MODIFIED", item("a", "z", generation=2, count=2)),
    )
    assert list(torn_pools(torn)) == ["after write 1 pool p looks complete with 1 devices"]


def test_a_device_that_moves_within_a_generation_is_seen_twice() -> None:
    moved = phase(
        [item("a", "x", count=2), item("b", "y", count=2)], ("MODIFIED", item("a", "x", "y", count=2))
    )
    assert list(repeated_devices(moved)) == ["after write 1 pool p has ['y'] more than once"]


def test_a_generation_that_stays_while_the_number_of_slices_changes_is_reported() -> None:
    kept = phase(
        [item("a", "x")],
        ("ADDED", item("b", "y", count=2)),
        ("MODIFIED", item("a", "x", count=2)),
    )
    assert list(kept_generations(kept)) == [
        "pool p: generations [1] after 1, with 1 slices before and 2 after"
    ]


def test_a_pool_that_is_written_for_the_sake_of_another_is_reported() -> None:
    before = [item("a", "x"), item("b", "y", pool="q")]
    after = phase(before, ("MODIFIED", item("b", "y", pool="q", generation=2)))
    assert list(dependent_pools(after)) == [
        "pool q did not change, and has (generation, count) {(2, 1)} after {(1, 1)}"
    ]
