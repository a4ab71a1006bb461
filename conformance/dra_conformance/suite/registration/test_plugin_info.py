"""GetInfo: what a driver says about itself to the kubelet (kubelet pluginmanager, 1.37)."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.kubelet import FULL_NAMES, VERSIONS

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


KNOWN = tuple(FULL_NAMES)


@requirement("REG-003", why="the kubelet has no handler for any other type and refuses the plugin")
def test_type_is_draplugin(harness: Harness) -> None:
    """GetInfo returns the type "DRAPlugin", byte for byte."""
    found = harness.kubelet.info().type
    expect(found == names.PLUGIN_TYPE, wanted=names.PLUGIN_TYPE, found=found, where="PluginInfo.type")


@requirement("REG-004", why="the API server refuses slices of a driver with another form of name")
def test_name_is_a_driver_name(harness: Harness) -> None:
    """GetInfo returns a DNS subdomain of at most 63 characters as name."""
    name = harness.kubelet.info().name
    good = 0 < len(name) <= names.DRIVER_NAME_MAX and SUBDOMAIN.fullmatch(name.lower()) is not None
    expect(good, wanted="a DNS subdomain, at most 63 characters", found=name, where="PluginInfo.name")


@requirement("REG-005", why="two vendors without a domain of their own will choose the same name")
def test_name_is_lower_case_with_domain(harness: Harness) -> None:
    """The driver name is lower case and ends with a domain."""
    name = harness.kubelet.info().name
    expect(
        name == name.lower() and "." in name,
        wanted="lower case with a domain",
        found=name,
        where="PluginInfo.name",
    )


@requirement("REG-006", why="the kubelet looks drivers up by the name in allocation results, exactly")
def test_name_equals_slices_driver(harness: Harness) -> None:
    """The name in GetInfo is spec.driver of every slice, and results of a near-miss are not prepared."""
    name = harness.kubelet.info().name
    found = {item["spec"]["driver"] for item in harness.api.own_slices()}
    expect(found == {name}, wanted={name}, found=found, where="spec.driver of the driver's slices")
    pool, device = harness.require_devices(1)[0]
    near = {"request": "gpu", "driver": f"x{name}"[:63], "pool": pool, "device": device}
    claim = harness.claim(extra_results=[near])
    answer = harness.kubelet.attempt(claim)
    devices = answer[claim.uid].devices if claim.uid in answer else ()
    harness.release(claim)
    expect(
        not devices, wanted="no device for another driver's result", found=devices, where=f"driver x{name}"
    )


@requirement("REG-007", why="the kubelet refuses a plugin without a DRA service that it knows")
def test_supported_versions_has_a_dra_service(harness: Harness) -> None:
    """supported_versions has v1.DRAPlugin or v1beta1.DRAPlugin."""
    listed = list(harness.kubelet.info().supported_versions)
    expect(
        any(name in VERSIONS for name in listed),
        wanted=list(VERSIONS),
        found=listed,
        where="supported_versions",
    )


@requirement(
    "REG-008", why="the kubelet takes the first entry that it knows, so an old one first wins forever"
)
def test_newest_service_comes_first(harness: Harness) -> None:
    """v1.DRAPlugin is listed before v1beta1.DRAPlugin."""
    listed = [name for name in harness.kubelet.info().supported_versions if name in VERSIONS]
    expect(
        listed[:1] == [names.DRA_V1], wanted=f"{names.DRA_V1} first", found=listed, where="supported_versions"
    )


def probe(harness: Harness, name: str) -> bool:
    """Whether the endpoint serves a service."""
    method = "NodePrepareResources" if name.endswith("DRAPlugin") else "NodeWatchResources"
    return harness.kubelet.serves(FULL_NAMES[name], method)


@requirement("REG-009", why="pods hang if the kubelet calls a service that was promised and is not there")
def test_listed_services_are_served(harness: Harness) -> None:
    """Every service in supported_versions answers on the DRA endpoint."""
    listed = [name for name in harness.kubelet.info().supported_versions if name in FULL_NAMES]
    each(
        [name for name in listed if not probe(harness, name)],
        wanted="every listed service served",
        where="DRA endpoint",
    )


@requirement("REG-010", why="the kubelet never calls a service that is not listed")
def test_served_services_are_listed(harness: Harness) -> None:
    """A DRA or health service that the endpoint serves is listed."""
    listed = set(harness.kubelet.info().supported_versions)
    unlisted = [name for name in KNOWN if name not in listed and probe(harness, name)]
    each(unlisted, wanted="every served service listed", where="supported_versions")


@requirement("REG-011", why="the kubelet compares these texts with its own constants")
def test_versions_use_the_registration_form(harness: Harness) -> None:
    """Entries of supported_versions have the form v1.DRAPlugin, no package name and no bare version."""
    form = re.compile(r"v\d+((alpha|beta)\d+)?\.(DRAPlugin|DRAResourceHealth)")
    bad = [name for name in harness.kubelet.info().supported_versions if not form.fullmatch(name)]
    each(bad, wanted="entries like v1.DRAPlugin", where="supported_versions")


@requirement("REG-012", why="the kubelet connects to exactly this path")
def test_endpoint_is_a_connectable_socket(harness: Harness) -> None:
    """PluginInfo.endpoint is empty or the absolute path of a socket that accepts calls."""
    endpoint = harness.kubelet.info().endpoint
    expect(
        not endpoint or Path(endpoint).is_absolute(),
        wanted="absolute or empty",
        found=endpoint,
        where="PluginInfo.endpoint",
    )
    harness.kubelet.prepare()


@requirement("REG-015", why="the kubelet gives GetInfo one second and then backs off for up to two minutes")
def test_getinfo_answers_within_a_second(harness: Harness) -> None:
    """GetInfo answers within one second, ten times on new connections."""
    slowest = 0.0
    for _ in range(10):
        start = time.monotonic()
        harness.kubelet.info(new_connection=True)
        slowest = max(slowest, time.monotonic() - start)
    expect(slowest < names.GET_INFO_TIMEOUT_S, wanted="below 1 s", found=f"{slowest:.3f} s", where="GetInfo")


@requirement("REG-020", why="the kubelet registers by what the first answer said")
def test_getinfo_is_repeatable(harness: Harness) -> None:
    """GetInfo gives the same answer 20 times on separate connections."""
    answers = {
        harness.kubelet.info(new_connection=True).SerializeToString(deterministic=True) for _ in range(20)
    }
    expect(len(answers) == 1, wanted="one answer", found=f"{len(answers)} different ones", where="GetInfo")


@requirement("REG-028", why="kubelet restarts and probes come at the same time")
def test_registration_takes_parallel_calls(harness: Harness) -> None:
    """Fifty GetInfo calls at once succeed, with notifications between them."""
    with ThreadPoolExecutor(10) as pool:
        infos = [pool.submit(harness.kubelet.info, new_connection=True) for _ in range(50)]
        notes = [pool.submit(harness.kubelet.notify, registered=True) for _ in range(5)]
        found = {future.result().name for future in infos}
        for note in notes:
            note.result()
    expect(len(found) == 1, wanted="one name", found=found, where="50 parallel GetInfo")
