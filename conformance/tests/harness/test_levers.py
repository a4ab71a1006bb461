"""Hooks: what they change, and what happens when they cannot."""

from pathlib import Path

import msgspec
import pytest

from dra_conformance.drivers.descriptor import Descriptor, load_descriptor
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import NotApplicable
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.levers import Levers

DEVICE = ("node-0", "gpu-12")


def levers(tmp_path: Path, **hooks: object) -> Levers:
    control = msgspec.to_builtins(load_descriptor("control"))
    descriptor = msgspec.convert({**control, "hooks": hooks}, Descriptor)
    return Levers(descriptor, {"plugins_dir": str(tmp_path)}, Evidence())


def test_a_file_is_replaced_by_the_text(tmp_path: Path) -> None:
    made = levers(tmp_path, sicken={"file": "{plugins_dir}/a/{device}", "text": "{pool} {number}"})
    made.pull("sicken", DEVICE)
    assert (tmp_path / "a" / "gpu-12").read_text() == "node-0 12"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["gpu-12"]


def test_a_command_gets_the_device_and_its_output_is_returned(tmp_path: Path) -> None:
    made = levers(tmp_path, partitions={"command": ["echo", "{device}"]})
    assert made.pull("partitions", DEVICE) == "gpu-12\n"


def test_a_command_that_fails_is_no_fault_of_the_driver(tmp_path: Path) -> None:
    made = levers(tmp_path, heal={"command": ["sh", "-c", "echo broken >&2; exit 3"]})
    with pytest.raises(HarnessError, match="hook heal of the descriptor: sh .* exited with 3: broken"):
        made.pull("heal", DEVICE)


def test_a_hook_that_the_descriptor_lacks_is_not_applicable(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match="descriptor has no hook remove"):
        levers(tmp_path).pull("remove", DEVICE)


def test_a_file_that_is_not_there_shows_nothing(tmp_path: Path) -> None:
    made = levers(tmp_path, partitions={"file": "{plugins_dir}/list"})
    assert made.look("partitions") == ""
    (tmp_path / "list").write_text("half\n")
    assert made.look("partitions") == "half\n"
