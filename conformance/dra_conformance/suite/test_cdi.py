"""CDI: what container runtimes read (Container Device Interface 1.1)."""

import threading
from typing import Any

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.cdi import RULES, File


def files_of(harness: Harness) -> list[File]:
    """The CDI folder's files."""
    return [(file.path.name, file.text, file.spec) for file in harness.cdi.files()]


@pytest.mark.parametrize(
    "rule",
    [pytest.param(rule, marks=requirement(name, why=why), id=name) for name, (rule, why) in RULES.items()],
)
def test_files_follow_the_rule(harness: Harness, rule: Any) -> None:
    """With two claims prepared, ids and CDI files follow a rule that can be seen in them."""
    first, second, third = harness.require_devices(3)
    claims = [harness.claim(first, second), harness.claim(third)]
    ids = [name for claim in claims for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]
    files = files_of(harness)
    harness.evidence.add("cdi", "ids and files", ids=ids, files=files)
    problems = list(rule(ids, files))
    harness.release(*claims)
    each(problems, wanted=rule.__doc__, where="CDI")


@requirement("CDI-003", why="runtimes do not load other files")
def test_files_have_known_extensions(harness: Harness) -> None:
    """What prepare leaves in the CDI folder are .json or .yaml files."""
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    bad = [name for name in harness.cdi.listing() if not name.endswith((".json", ".yaml"))]
    harness.release(claim)
    each(bad, wanted=".json or .yaml", where="CDI folder")


@requirement("CDI-014", why="a stale file would give the device to the next claim")
def test_ids_are_never_used_again(harness: Harness) -> None:
    """Two claims that have a device one after the other share no CDI id, except those that the driver defines permanently."""
    device, ids = harness.require_devices(1)[0], []
    for _ in range(2):
        claim = harness.claim(device)
        ids.append(
            {
                name
                for item in harness.kubelet.prepared(claim)
                for name in harness.without_permanent(item.cdi_ids)
            }
        )
        harness.kubelet.unprepared(claim)
        harness.release(claim)
    expect(not ids[0] & ids[1], wanted="different ids", found=ids, where="one device, two claims")


@requirement("CDI-015", why="two drivers could define one id")
def test_vendor_is_the_drivers_own(harness: Harness) -> None:
    """The vendor of the ids has the driver name, or a part of its domain, in it."""
    claim = harness.claim()
    ids = [name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]
    harness.release(claim)
    domain = ".".join(harness.descriptor.driver.split(".")[-2:])
    each(
        [name for name in ids if domain not in name.partition("=")[0]],
        wanted=f"{domain} in vendor or class",
        where="ids",
    )


@requirement("CDI-016", why="a runtime that reads half a file drops its devices")
def test_files_appear_whole(harness: Harness) -> None:
    """While claims are prepared 50 times, every file that can be seen can be parsed."""
    broken: list[str] = []
    done = threading.Event()

    def read_files() -> None:
        while not done.is_set():
            for path in harness.cdi.folder.glob("*.json"):
                try:
                    text = path.read_text()
                except FileNotFoundError:
                    continue
                if not text.rstrip().endswith("}"):
                    broken.append(f"{path.name}: {text[-40:]!r}")

    reader = threading.Thread(target=read_files)
    reader.start()
    try:
        for _ in range(50):
            claim = harness.claim()
            harness.kubelet.prepared(claim)
            harness.release(claim)
    finally:
        done.set()
        reader.join()
    each(broken[:5], wanted="whole files", where="CDI folder during prepare")


@requirement("CDI-019", why="the container gets one value of two, by accident")
def test_devices_of_a_container_agree(harness: Harness) -> None:
    """The edits of two devices of one claim do not contradict each other."""
    claim = harness.claim(*harness.require_devices(2))
    ids = [name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]
    values: dict[str, set[str]] = {}
    for name in ids:
        for edits in harness.cdi.edits(name):
            for entry in edits.get("env") or []:
                variable, _, value = entry.partition("=")
                values.setdefault(variable, set()).add(value)
    harness.release(claim)
    clashes = [f"{variable}={sorted(found)}" for variable, found in values.items() if len(found) > 1]
    each(clashes, wanted="one value for each variable", where="environment of a container with two devices")


@requirement("CDI-020", why="a container could use a device that it did not ask for")
def test_requests_are_isolated(harness: Harness) -> None:
    """The edits for one request show no device node or variable that belongs to the other request's device alone."""
    first, second = harness.require_devices(2)
    claim = harness.claim(first, second, requests=["a", "b"])
    views = {}
    for device in harness.kubelet.prepared(claim):
        own = [
            edits
            for name in device.cdi_ids
            for _, item in harness.cdi.definitions(name)
            for edits in [item.get("containerEdits") or {}]
        ]
        shared = [edits for name in device.cdi_ids for edits in harness.cdi.edits(name)]
        views[device.device] = (pieces(own), pieces(shared))
    harness.release(claim)
    leaks = views[second[1]][0] & views[first[1]][1] - views[first[1]][0]
    leaks |= views[first[1]][0] & views[second[1]][1] - views[second[1]][0]
    each(sorted(leaks), wanted="nothing of the other device", where="edits of two requests")


def pieces(edits: list[dict[str, Any]]) -> set[str]:
    """Device nodes and variables of edits."""
    return {node["path"] for edit in edits for node in edit.get("deviceNodes") or []} | {
        entry for edit in edits for entry in edit.get("env") or []
    }


@requirement("CDI-023", why="files in /etc/cdi outlive a reboot, their devices do not")
def test_files_are_in_the_dynamic_folder(harness: Harness) -> None:
    """The ids resolve in the folder that the driver was given, so nothing is in /etc/cdi."""
    claim = harness.claim()
    ids = [name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]
    lost = [name for name in ids if not harness.cdi.definitions(name)]
    harness.release(claim)
    each(lost, wanted="every id in the dynamic folder", where=str(harness.cdi.folder))


@requirement("CDI-026", why="every user who can write the file can mount any host path")
def test_files_are_not_writable_by_others(harness: Harness) -> None:
    """CDI files have no write permission for group and others."""
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    open_files = [
        f"{f.path.name} {f.path.stat().st_mode & 0o777:o}"
        for f in harness.cdi.files()
        if f.path.stat().st_mode & 0o022
    ]
    harness.release(claim)
    each(open_files, wanted="no write permission for others", where="CDI files")
