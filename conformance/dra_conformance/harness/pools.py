"""Pure: what slices say about their pools."""

from collections.abc import Iterable

from dra_api.objects import JsonObject


def incomplete_pools(slices: Iterable[JsonObject]) -> list[str]:
    """Pools whose newest generation does not have as many slices as it says."""
    pools: dict[str, list[JsonObject]] = {}
    for item in slices:
        pools.setdefault(item["spec"]["pool"]["name"], []).append(item["spec"]["pool"])
    problems = []
    for name, members in pools.items():
        newest = [pool for pool in members if pool["generation"] == max(p["generation"] for p in members)]
        if {pool["resourceSliceCount"] for pool in newest} != {len(newest)}:
            problems.append(
                f"pool {name} has {len(newest)} slices of generation {newest[0]['generation']}, says {newest[0]['resourceSliceCount']}"
            )
    return problems
