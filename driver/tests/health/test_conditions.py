"""Which devices are tainted for what, and when it is over."""

from dataclasses import replace
from typing import Any

import pytest
from claim_service import gpu

from dra_api.identifiers import DeviceName
from dra_driver.devices.inventory import make_inventory
from dra_driver.devices.model import (
    Engines,
    Gpu,
    Inventory,
    MigInstance,
    MigProfile,
    MigSupport,
    MigUuid,
    Placement,
)
from dra_driver.devices.scan import Snapshot
from dra_driver.errors import ConfigError
from dra_driver.features import Features
from dra_driver.health.conditions import (
    Condition,
    Effects,
    Fault,
    by_device,
    is_sick,
    levels,
    parse_effects,
    recovered,
    taints_of,
    with_severity,
)

PROFILE = MigProfile(
    name="1g.23gb",
    gi_profile=19,
    ci_profile=0,
    compute_slices=1,
    memory_bytes=1 << 30,
    engines=Engines(),
    max_count=2,
    placements=(Placement(0, 1), Placement(1, 1)),
)
FIRST, SECOND = DeviceName("gpu-0-mig-1g23gb-19-0"), DeviceName("gpu-0-mig-1g23gb-19-1")
DYNAMIC = Features(dynamic_mig=True)


def divided(**members: Any) -> Gpu:
    support = MigSupport(enabled=True, switchable=True, profiles=(PROFILE,), slices=2)
    made = MigInstance(uuid=MigUuid("MIG-1"), gi=7, ci=0, profile=PROFILE, placement=Placement(0, 1))
    return gpu(0, mig=support, **{"instances": (made,), **members})


def inventory(*gpus: Gpu, **members: Any) -> Inventory:
    return replace(make_inventory(Snapshot(gpus=gpus), DYNAMIC, ours={FIRST}), **members)


def xid(number: int, **members: Any) -> Condition:
    return Condition(**{"gpu": "GPU-0", "fault": Fault.XID, "value": str(number), **members})


def test_an_error_of_a_gpu_is_one_of_every_device_on_it_and_of_no_other() -> None:
    found = by_device(inventory(divided(), gpu(1)), [xid(79)])
    assert set(found) == {"gpu-0", FIRST, SECOND}


@pytest.mark.parametrize("ours", [{FIRST}, set()], ids=["dynamic", "static"])
def test_an_error_of_an_instance_is_one_of_its_device_and_of_the_whole_gpu(ours: set[DeviceName]) -> None:
    node = make_inventory(Snapshot(gpus=(divided(),)), DYNAMIC, ours=ours)
    found = by_device(node, [xid(94, gi=7)])
    assert set(found) == {"gpu-0", FIRST} & set(node.devices)
    assert FIRST in found


def test_an_error_of_an_application_only_tells() -> None:
    [taint] = taints_of("d", [xid(31)], Effects())
    assert taint == {"key": "d/xid", "value": "31", "effect": "None"}
    assert not is_sick([xid(31)], Effects())


def test_a_later_harmless_error_does_not_hide_a_severe_one() -> None:
    [taint] = taints_of("d", [xid(79, since=1), xid(31, since=2)], Effects())
    assert (taint["value"], taint["effect"]) == ("79", "NoSchedule")


def test_effects_are_settings() -> None:
    table = Effects(by_fault={**Effects().by_fault, Fault.LOST: "NoExecute"}, harmless_xids=frozenset())
    lost = Condition(gpu="GPU-0", fault=Fault.LOST, value="true")
    assert [taint["effect"] for taint in taints_of("d", [lost, xid(31)], table)] == [
        "NoExecute",
        "NoSchedule",
    ]


def test_what_nvml_states_comes_and_goes_with_it() -> None:
    assert levels(inventory(gpu(0, recovery="none"))) == frozenset()
    [reset] = levels(inventory(gpu(0, recovery="gpu-reset")))
    assert (reset.fault, reset.value) == (Fault.RECOVERY, "gpu-reset")
    [lost] = levels(inventory(gpu(0), lost=frozenset({"GPU-0"})))
    assert lost.fault is Fault.LOST
    [silent] = levels(inventory(gpu(0)), {"GPU-0"})
    assert silent.fault is Fault.UNMONITORED


def test_an_error_is_over_when_its_gpu_was_reset_came_back_or_is_gone() -> None:
    healthy, sick = inventory(gpu(0, recovery="none")), inventory(gpu(0, recovery="gpu-reset"))
    edges = frozenset({xid(79)})
    assert recovered(edges, healthy, healthy) == frozenset()
    for severe in (sick, inventory(gpu(0), lost=frozenset({"GPU-0"}))):
        marked = with_severity(edges, severe)
        assert recovered(marked, severe, severe) == frozenset()
        assert recovered(marked, healthy, healthy) == marked, "also if it happened while the driver was down"
    assert recovered(edges, healthy, inventory(gpu(1))) == edges


def test_an_error_of_an_instance_ends_with_the_instance() -> None:
    edges = {xid(94, gi=7)}
    assert recovered(edges, inventory(divided()), inventory(divided())) == frozenset()
    assert recovered(edges, inventory(divided()), inventory(divided(instances=()))) == edges


def test_a_fabric_that_does_not_work_keeps_pods_away_and_a_degraded_one_informs() -> None:
    found = inventory(
        gpu(0, fabric_fault="in-progress"), gpu(1, fabric_degraded="degraded-bandwidth"), gpu(2)
    )
    conditions = levels(found)
    taints = {
        name: taints_of("gpu.example.com", mine, Effects())
        for name, mine in by_device(found, conditions).items()
    }
    assert taints == {
        "gpu-0": [{"key": "gpu.example.com/fabric", "value": "in-progress", "effect": "NoSchedule"}],
        "gpu-1": [
            {"key": "gpu.example.com/fabric-degraded", "value": "degraded-bandwidth", "effect": "None"}
        ],
    }
    assert levels(inventory(gpu(0), gpu(1), gpu(2))) == frozenset(), (
        "they are over when NVML no longer says them"
    )


def test_effects_are_chosen_by_fault_and_xids_can_be_ignored() -> None:
    effects = parse_effects("xid=NoExecute, gpu-lost=NoExecute,fabric=None", "63, 64")
    assert effects.of(xid(79)) == "NoExecute"
    assert [effects.of(xid(number)) for number in (63, 64, 31)] == ["None"] * 3
    assert effects.of(Condition(gpu="GPU-0", fault=Fault.ECC, value="uncorrected")) == "NoSchedule"
    assert parse_effects("", "") == Effects()


@pytest.mark.parametrize(
    ("effects", "xids", "message"),
    [
        ("xids=NoExecute", "", "wanted FAULT=EFFECT with one of xid, ecc, gpu-lost"),
        ("xid=Evict", "", "one of None, NoSchedule, NoExecute"),
        ("xid", "", "'xid': wanted FAULT=EFFECT"),
        ("", "63,many", "--additional-xids-to-ignore 'many': wanted numbers"),
    ],
)
def test_a_wrong_effect_is_a_usage_error(effects: str, xids: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_effects(effects, xids)
