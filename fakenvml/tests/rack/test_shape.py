"""What distinguishes racks, trays and GPUs, and what is wrong to ask for."""

import json

import pytest

from fake_nvml.errors import UsageError
from fake_nvml.machines import load, with_rack
from fake_nvml.rack.shape import as_json, facts_of, shape_of


@pytest.mark.parametrize("machine", ["gb200-nvl72", "gb300-nvl72", "vr200-nvl72"])
def test_trays_of_a_rack_share_one_nvlink_domain_and_no_gpu(machine: str) -> None:
    racks = list(facts_of(shape_of(machine, 3, None, None)))
    assert (
        len({rack["cluster_uuid"] for rack in racks}) == len({rack["chassis_serial"] for rack in racks}) == 3
    )
    uuids = [gpu["uuid"] for rack in racks for tray in rack["nodes"] for gpu in tray["gpus"]]
    assert len(uuids) == len(set(uuids)) == 3 * 18 * 4
    assert len({tray["folder"] for rack in racks for tray in rack["nodes"]}) == 3 * 18


def test_the_first_rack_is_the_one_of_the_machine_file() -> None:
    machine, _ = load("gb200-nvl72", 4)
    [rack] = facts_of(shape_of("gb200-nvl72", 1, None, None))
    assert rack["cluster_uuid"] == machine.fabric.cluster_uuid
    assert [gpu["uuid"] for gpu in rack["nodes"][4]["gpus"]] == [
        machine.gpu_uuid(index) for index in range(4)
    ]


def test_links_times_gpus_are_chips_times_ports() -> None:
    for machine in ("gb200-nvl72", "gb300-nvl72", "vr200-nvl72"):
        shape = shape_of(machine, 1, None, None)
        assert shape.links == shape.chips


def test_a_smaller_rack_has_fewer_nodes_and_gpus() -> None:
    shown = json.loads(as_json(shape_of("gb300-nvl72", 2, 3, 2)))
    assert [len(rack["nodes"]) for rack in shown["racks"]] == [3, 3]
    assert {len(tray["gpus"]) for rack in shown["racks"] for tray in rack["nodes"]} == {2}
    assert shown["gpus_per_node"] == 2


WRONG = {
    "no rack": (("dgx-b200", 1, None, None), "dgx-b200 is not a tray of a rack; there are: gb200-nvl72"),
    "too many nodes": (("gb200-nvl72", 1, 19, None), "1 to 18 nodes, found 1 of 19"),
    "no racks": (("gb200-nvl72", 0, None, None), "at least one rack"),
    "too many GPUs": (("gb200-nvl72", 1, None, 5), "wanted 1 to 4 GPUs a node, found 5"),
}


@pytest.mark.parametrize("name", WRONG)
def test_racks_that_cannot_be_are_a_usage_error(name: str) -> None:
    arguments, message = WRONG[name]
    with pytest.raises(UsageError, match=message):
        shape_of(*arguments)


def test_a_machine_outside_racks_has_no_second_rack() -> None:
    machine, _ = load("dgx-b200")
    assert with_rack(machine, 0) == machine
    with pytest.raises(UsageError, match="wanted one that is a tray of a rack"):
        with_rack(machine, 1)
