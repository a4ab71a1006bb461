"""How a driver that is installed looks after its slices: what others delete, edit or leave behind."""

import time

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import expect, expect_soon
from dra_conformance.harness.installed import Installed
from dra_conformance.harness.target import MANAGED
from dra_conformance.suite.slices.published import names_of

pytestmark = [tier("cluster"), pytest.mark.xdist_group("slices")]
QUIET_S, WATCHED_S = 5.0, 40.0


def wait_published(installed: Installed, names: list[str], where: str) -> None:
    """Wait until the slices list the devices NAMES again."""
    expect_soon(
        lambda: names_of(installed.slices()) == names,
        within_s=installed.descriptor.budgets.repair_seconds,
        wanted=f"{len(names)} devices",
        found=lambda: f"{len(names_of(installed.slices()))} devices",
        where=where,
    )


def one_slice(installed: Installed) -> JsonObject:
    """A slice of a node, with devices."""
    installed.require_devices(1)
    node = installed.devices()[0].node
    return next(
        item
        for item in installed.slices()
        if item["spec"].get("nodeName") == node and item["spec"].get("devices")
    )


@requirement(
    "RSL-025",
    "RSL-031",
    why="after an administrator's mistake the node has no devices until the driver restarts",
)
def test_a_deleted_slice_is_published_again(installed: Installed) -> None:
    """A slice that somebody deletes comes back, and meanwhile the slice of another driver on that node stays as it is."""
    names, victim = names_of(installed.slices()), one_slice(installed)
    pool = {"name": installed.context.stem, "generation": 1, "resourceSliceCount": 1}
    spec = {
        "driver": f"{installed.context.stem}.example.com",
        "nodeName": victim["spec"]["nodeName"],
        "pool": pool,
    }
    stranger = {"metadata": {"name": installed.context.name()}, "spec": {**spec, "devices": [{"name": "d"}]}}
    stored = installed.context.create("resourceslices", stranger)
    installed.context.delete("resourceslices", victim["metadata"]["name"]).expect(200)
    wait_published(installed, names, "slices after one was deleted")
    now = installed.read("resourceslices", stored["metadata"]["name"])
    expect(
        now["spec"] == stored["spec"],
        wanted=stored["spec"],
        found=now["spec"],
        where="another driver's slice",
    )


@requirement("RSL-027", why="the scheduler goes on with what is not true")
def test_an_edited_slice_is_corrected(installed: Installed) -> None:
    """A slice from which somebody removes the devices has them again."""
    names, victim = names_of(installed.slices()), one_slice(installed)
    installed.context.patch(
        "merge", "resourceslices", victim["metadata"]["name"], {"spec": {"devices": []}}
    ).expect(200)
    wait_published(installed, names, "slices after one was edited")


@requirement("RSL-030", why="the scheduler gives away devices that do not exist")
def test_a_stray_slice_is_deleted(installed: Installed) -> None:
    """A slice of the driver and its node, of a pool that it does not have, is deleted. Its pool is incomplete, so nobody is given its device."""
    node = one_slice(installed)["spec"]["nodeName"]
    pool = {"name": installed.context.stem, "generation": 1, "resourceSliceCount": 2}
    spec = {"driver": installed.driver, "nodeName": node, "pool": pool, "devices": [{"name": "stray"}]}
    name = installed.context.name()
    installed.context.create("resourceslices", {"metadata": {"name": name}, "spec": spec})
    expect_soon(
        lambda: installed.context.get("resourceslices", name).code == 404,
        within_s=installed.descriptor.budgets.repair_seconds,
        wanted="deleted",
        found=lambda: "still there",
        where=f"a stray slice of node {node}",
    )


@requirement("RSL-028", why="every write of a slice wakes the schedulers of the cluster")
def test_nothing_is_written_while_nothing_changes(installed: Installed) -> None:
    """There are some seconds in which no slice changes its version; slices of the run itself do not count.

    Any such time will do: other checks of the run, and other users of the cluster, may give the driver a reason to write.
    """

    def versions() -> dict[str, str]:
        mine = [item for item in installed.slices() if MANAGED not in (item["metadata"].get("labels") or {})]
        return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in mine}

    seen, since = versions(), time.monotonic()

    def quiet() -> bool:
        nonlocal seen, since
        now = versions()
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since >= QUIET_S

    expect_soon(
        quiet,
        within_s=WATCHED_S,
        wanted=f"{QUIET_S:g} s without a write",
        found=lambda: f"versions {seen}",
        where="the driver's slices",
    )
