"""Driver descriptors: what is enough, and how a mistake is reported."""

from pathlib import Path

import pytest

from dra_conformance.drivers.descriptor import load_descriptor, uses_nri
from dra_conformance.errors import UsageError

GOOD = """
schema: dra-conformance/driver/v1
name: mine
driver: x.example.com
start: {command: [x, "{node}"]}
deviceClass: {name: x}
"""


def test_a_small_descriptor_is_enough(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(GOOD)
    assert load_descriptor(str(tmp_path / "d.yaml")).budgets.start_seconds == 10


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: mine", "nmae: mine", "unknown field `nmae`"),
        ("v1\n", "v9\n", "schema is"),
        ("{node}", "{nodename}", "unknown placeholder 'nodename'"),
        ("command: [x", "command: [[x]", r"\$.start.command"),
        ("driver: x.example.com\n", "", "missing required field `driver`"),
        ("schema:", "schema: [", "descriptor"),
        ("deviceClass", "hooks: {sicken: {}}\ndeviceClass", r"found none - at `\$.hooks.sicken`"),
        ("deviceClass", "hooks: {heal: {file: f, ctl: [a]}}\ndeviceClass", "found file and ctl"),
        ("deviceClass", "hooks: {heal: {command: [a], text: x}}\ndeviceClass", "text is what is written"),
        ("deviceClass", "hooks: {heel: {file: f}}\ndeviceClass", "unknown field `heel`"),
        ("deviceClass", "hooks: {heal: {file: '{divice}'}}\ndeviceClass", r"\$.hooks.heal: .*'divice'"),
        ("deviceClass", "hooks: {heal: {ctl: [reset]}}\ndeviceClass", r"\$.hooks.heal.ctl changes the fake"),
        (
            "deviceClass",
            "observability: {liveness: livez}\ndeviceClass",
            r"liveness: wanted http:// or grpc://",
        ),
        ("deviceClass", "webhook: {command: ['{tls}'], path: /}\ndeviceClass", r"\$.webhook: .*'tls'"),
        ("deviceClass", "pools: 0\ndeviceClass", r"\$.pools"),
    ],
)
def test_malformed_descriptors_are_reported_with_the_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError, match=message):
        load_descriptor(str(path))


def test_a_descriptor_that_does_not_exist_is_reported_with_the_shipped_ones() -> None:
    with pytest.raises(
        UsageError, match="control, dra-driver-cpu, dra-example-driver, nvidia-gpu, reference"
    ):
        load_descriptor("nope")


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("{command: [d, '--nri={nri_socket}']}", True),
        ("{command: [d], environment: {NRI: '{nri_socket}'}}", True),
        ("{command: [d], many: {arguments: ['{nri_socket}']}}", True),
        ("{command: [d]}", False),
    ],
)
def test_a_driver_that_is_started_with_an_nri_socket_gets_one(
    tmp_path: Path, start: str, wanted: bool
) -> None:
    path = tmp_path / "driver.yaml"
    path.write_text(GOOD.replace('start: {command: [x, "{node}"]}', f"start: {start}"))
    assert uses_nri(load_descriptor(str(path))) is wanted
