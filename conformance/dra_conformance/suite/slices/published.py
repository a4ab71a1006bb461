"""What the checks of slices share: the devices that are published, and slices of other writers."""

from typing import Any

from dra_api.objects import JsonObject
from dra_conformance.expectations import expect_soon
from dra_conformance.harness.harness import Harness


def names_of(slices: list[JsonObject]) -> list[str]:
    """(pool, device) pairs as texts, sorted: a driver may publish in any order."""
    return sorted(
        f"{item['spec']['pool']['name']}/{device['name']}"
        for item in slices
        for device in item["spec"].get("devices") or []
    )


def wait_published(harness: Harness, names: list[str], where: str) -> list[JsonObject]:
    """Wait until the driver's slices list NAMES again; they are complete then."""
    expect_soon(
        lambda: names_of(harness.api.own_slices()) == names,
        within_s=harness.descriptor.budgets.repair_seconds,
        wanted=f"devices {names}",
        found=lambda: names_of(harness.api.own_slices()),
        where=where,
    )
    return harness.api.wait_slices(harness.descriptor.budgets.repair_seconds)


def stray(harness: Harness, name: str, **spec: Any) -> JsonObject:
    """A slice that another writer left behind."""
    content = {
        "driver": harness.descriptor.driver,
        "nodeName": harness.node,
        "pool": {"name": name, "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "stray-0"}],
    }
    return {"metadata": {"name": f"{name}-stray"}, "spec": content | spec}
