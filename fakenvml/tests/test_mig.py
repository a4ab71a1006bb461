"""MIG placement: whatever is asked for in whatever order, instances never overlap and nothing is lost."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from fake_nvml import mig
from fake_nvml.abi.codes import Code
from fake_nvml.calls import compute_instances
from fake_nvml.calls import mig as calls
from fake_nvml.calls.registry import Caller
from fake_nvml.machines import Mig, load, names
from fake_nvml.model import Gpu, NvmlError, resolve
from fake_nvml.saved import load_node

ROOT = Caller(pid=1, privileged=True)
DIVISIBLE = [name for name in names() if load(name)[1].mig]
OBSERVED = [
    ([19, 19, 19, 19, 19, 19, 19], [13, 11, 12, 7, 8, 9, 10]),
    ([9, 9], [2, 1]),
    ([14], [5]),
    ([9, 19, 14, 19], [2, 7, 4, 8]),
    ([14, 19, 19, 19, 19, 19], [5, 13, 7, 8, 9, 10]),
    ([19, 19, 14], [13, 11, 3]),
]
"""Profile ids asked for without a placement, and the instance ids that the MIG User Guide shows for them."""


loaded = cache(load)


def gpu_of(machine: str) -> Gpu:
    """The first GPU of MACHINE, in MIG mode."""
    node = load_node(*loaded(machine), Path("/nonexistent"))
    node.replace(0, mig=True, mig_pending=True)
    return Gpu(node, 0)


def made(gpu: Gpu, profile: int) -> int:
    """Create an instance; returns its id."""
    return int(calls.create(ROOT, gpu, profile)) >> 8 & 0xFF


def outcome(call: Callable[..., Any], *arguments: Any) -> tuple[Any, Code]:
    """(result, return code) of a modelled call."""
    try:
        return call(*arguments), Code.SUCCESS
    except NvmlError as error:
        return None, error.code


@pytest.mark.parametrize(("wanted", "ids"), OBSERVED)
def test_instances_get_the_ids_that_hardware_gives(wanted: list[int], ids: list[int]) -> None:
    gpu = gpu_of("dgx-a100")
    assert [made(gpu, profile) for profile in wanted] == ids


def test_what_hardware_has_no_room_for_is_refused() -> None:
    gpu = gpu_of("dgx-a100")
    for profile in (19, 19, 14):
        made(gpu, profile)
    with pytest.raises(NvmlError, match="INSUFFICIENT_RESOURCES"):
        made(gpu, 9)


def test_one_media_extension_a_gpu() -> None:
    gpu = gpu_of("dgx-b200")
    made(gpu, 20)
    assert calls.remaining(gpu, 20) == 0
    assert calls.remaining(gpu, 19) == 6


def test_all_media_engines_leave_room_only_for_instances_without() -> None:
    gpu = gpu_of("rtx-pro-6000")
    made(gpu, 65)
    left = {profile.name: calls.remaining(gpu, profile.id) for profile in rules(gpu).profiles}
    assert left["1g.24gb-me"] == 3
    assert left["1g.24gb"] == left["1g.24gb+me"] == 0


def rules(gpu: Gpu) -> Mig:
    """The board's MIG table."""
    assert gpu.board.mig is not None
    return gpu.board.mig


@pytest.mark.parametrize("machine", DIVISIBLE)
def test_an_empty_gpu_takes_any_profile_at_each_of_its_starts(machine: str) -> None:
    table = rules(gpu_of(machine))
    assert all(mig.fits(table, (), profile, start) for profile in table.profiles for start in profile.starts)


class Life(RuleBasedStateMachine):
    """Create and destroy instances of one board in any order."""

    machine = "dgx-b200"
    instances = Bundle("instances")

    def __init__(self) -> None:
        super().__init__()
        self.gpu = gpu_of(self.machine)
        self.table = rules(self.gpu)

    @rule(target=instances, number=st.integers(0, 20))
    def create(self, number: int) -> object:
        profile = self.table.profiles[number % len(self.table.profiles)]
        room = calls.remaining(self.gpu, profile.id)
        handle, code = outcome(calls.create, ROOT, self.gpu, profile.id)
        assert code == (Code.SUCCESS if room else Code.INSUFFICIENT_RESOURCES)
        return handle if room else multiple()

    @rule(target=instances, number=st.integers(0, 20), place=st.integers(0, 7))
    def create_at(self, number: int, place: int) -> object:
        profile = self.table.profiles[number % len(self.table.profiles)]
        start = profile.starts[place % len(profile.starts)]
        placement = type("Placement", (), {"start": start, "size": profile.size})
        handle, code = outcome(calls.create_with_placement, ROOT, self.gpu, profile.id, placement)
        assert code in (Code.SUCCESS, Code.INSUFFICIENT_RESOURCES)
        return handle if code == Code.SUCCESS else multiple()

    @rule(handle=instances, index=st.sampled_from(sorted(mig.COMPUTE_PROFILES)))
    def compute(self, handle: int, index: int) -> None:
        room, asked = outcome(compute_instances.remaining_compute, resolve(self.gpu.node, handle), index)
        _, code = outcome(compute_instances.create_compute, ROOT, resolve(self.gpu.node, handle), index)
        if asked == Code.SUCCESS:
            assert code == (Code.SUCCESS if room else Code.INSUFFICIENT_RESOURCES)
        else:
            assert asked == code == Code.NOT_SUPPORTED

    @rule(handle=consumes(instances))
    def destroy(self, handle: int) -> None:
        instance = resolve(self.gpu.node, handle)
        assert hasattr(instance, "gi")
        if instance.gi.compute:
            with pytest.raises(NvmlError, match="IN_USE"):
                calls.destroy(ROOT, instance)
        for ci in instance.gi.compute:
            compute_instances.destroy_compute(
                ROOT, resolve(self.gpu.node, 0x7E04 << 32 | handle & 0xFF00 | ci.id)
            )
        calls.destroy(ROOT, resolve(self.gpu.node, handle))

    @invariant()
    def instances_never_overlap(self) -> None:
        taken = [s for i in self.gpu.state.instances for s in range(i.start, i.start + i.size)]
        assert len(taken) == len(set(taken))
        assert max(taken, default=0) < self.table.memory_slices

    @invariant()
    def the_compute_budget_holds(self) -> None:
        used = [self.gpu.profile(i.profile).compute_slices for i in self.gpu.state.instances]
        assert sum(used) <= self.table.compute_slices

    @invariant()
    def compute_instances_never_overlap(self) -> None:
        for instance in self.gpu.state.instances:
            taken = [s for ci in instance.compute for s in range(ci.start, ci.start + ci.slices)]
            assert len(taken) == len(set(taken))
            assert max(taken, default=0) < self.gpu.profile(instance.profile).compute_slices

    @invariant()
    def remaining_capacity_is_what_can_still_be_created(self) -> None:
        for profile in self.table.profiles:
            copy = gpu_of(self.machine)
            copy.change(instances=self.gpu.state.instances)
            count = 0
            while True:
                try:
                    calls.create(ROOT, copy, profile.id)
                except NvmlError:
                    break
                count += 1
            assert calls.remaining(self.gpu, profile.id) == count

    def teardown(self) -> None:
        for instance in self.gpu.state.instances:
            self.destroy(0x7E03 << 32 | instance.id << 8)
        assert self.gpu.state.instances == ()


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["dgx-a100", "dgx-b200", "rtx-pro-6000", "vr200-nvl72"])
def test_any_order_of_creating_and_destroying_keeps_the_rules(machine: str) -> None:
    life = type(f"Life of {machine}", (Life,), {"machine": machine})
    run_state_machine_as_test(life, settings=settings(max_examples=15, stateful_step_count=15, deadline=None))


@pytest.mark.parametrize("machine", ["dgx-a100", "dgx-h100"])
def test_the_mode_cannot_be_disabled_while_instances_exist(machine: str) -> None:
    """Inferred, see ``calls.mig.set_mode``; on boards that need a reset nothing is pending after the refusal."""
    gpu = gpu_of(machine)
    made(gpu, 19)
    assert outcome(calls.set_mode, ROOT, gpu, 0) == (None, Code.IN_USE)
    assert (gpu.state.mig, gpu.state.mig_pending) == (True, True)
    assert outcome(calls.set_mode, ROOT, gpu, 1)[1] is Code.SUCCESS
