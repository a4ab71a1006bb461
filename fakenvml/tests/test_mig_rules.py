"""MIG placement: whatever is asked for in whatever order, instances never overlap."""

from hypothesis import given
from hypothesis import strategies as st

from fake_nvml import mig
from fake_nvml.machines import Mig, load


def rules_of(machine: str) -> Mig:
    _, board = load(machine)
    assert board.mig is not None
    return board.mig


RULES = rules_of("dgx-b200")


@given(st.lists(st.sampled_from([profile.id for profile in RULES.profiles]), max_size=20))
def test_instances_never_overlap(wanted: list[int]) -> None:
    instances: tuple[mig.GpuInstance, ...] = ()
    for profile_id in wanted:
        profile = mig.profile_by_id(RULES, profile_id)
        assert profile is not None
        for start in profile.starts:
            if mig.fits(RULES, instances, profile, start):
                made = mig.gpu_instance_id(RULES, profile.size, start)
                instances += (mig.GpuInstance(id=made, profile=profile.id, start=start, size=profile.size),)
                break
    taken = [place for i in instances for place in range(i.start, i.start + i.size)]
    assert len(taken) == len(set(taken))
    assert max(taken, default=0) < 8


@given(st.sampled_from([profile.id for profile in RULES.profiles]))
def test_an_empty_gpu_takes_any_profile_at_each_of_its_starts(profile_id: int) -> None:
    profile = mig.profile_by_id(RULES, profile_id)
    assert profile is not None
    assert all(mig.fits(RULES, (), profile, start) for start in profile.starts)
