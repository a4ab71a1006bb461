"""Commands that a test gives the node: what is refused, and with which words."""

from pathlib import Path

import pytest

from fake_nvml import control
from fake_nvml.errors import UsageError
from fake_nvml.faults import Faults
from fake_nvml.machines import load
from fake_nvml.model import Node
from fake_nvml.saved import load_node


@pytest.fixture
def b200(tmp_path: Path) -> Node:
    return load_node(*load("dgx-b200"), tmp_path / "state.json")


def test_a_command_about_the_whole_node_refuses_the_index_of_a_gpu(b200: Node) -> None:
    with pytest.raises(UsageError, match="reboot: is about the whole node, found GPU 3; leave it out"):
        control.perform(b200, Faults(), "reboot", 3, {})


def test_a_fault_refuses_a_gpu_that_is_not_there(b200: Node) -> None:
    with pytest.raises(UsageError, match="gpu: wanted a number from 0 to 7, found 8"):
        control.perform(b200, Faults(), "fault", 8, {"function": "nvmlDeviceGetName"})


def test_a_fault_of_one_gpu_refuses_a_function_about_none(b200: Node) -> None:
    with pytest.raises(
        UsageError, match="nvmlSystemGetDriverVersion is not about one GPU; leave the GPU out"
    ):
        control.perform(b200, Faults(), "fault", 1, {"function": "nvmlSystemGetDriverVersion"})


def test_virtual_functions_are_refused_where_the_board_has_none(tmp_path: Path) -> None:
    node = load_node(*load("t4"), tmp_path / "state.json")
    with pytest.raises(UsageError, match="Tesla T4 has no virtual functions; boards from Ampere on have"):
        control.perform(node, Faults(), "sriov", 0, {"count": "4"})
