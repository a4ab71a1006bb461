"""Which MIG instances fit where: pure rules over frozen values, exact to the placement.

* A GPU instance occupies ``size`` memory slices from ``start`` and takes ``compute_slices`` of the board's budget.
  Two must not overlap; not more than ``max`` of a profile exist (NVIDIA MIG User Guide).
* Its id is the resource manager's swizzle id and encodes size and start: 0 for the whole, 1 and 2 for halves, 3 to 6
  for quarters, 7 to 14 for eighths (open-gpu-kernel-modules 595).
* Without a placement the driver takes the first free start in the order of ``START_ORDER``; it was read off real
  sequences of ids in the MIG User Guide (seven 1g: ids 13, 11, 12, 7, 8, 9, 10). For pairs only 4 and 0 were seen.
* On boards of four memory slices the same holds for halves and quarters of the whole (assumed from the A30).
* At most one instance of a +me or +me.all profile exists, and none beside +me.all that has media engines.
* Compute instances take compute slices inside their GPU instance; their placements are not published and assumed.
"""

import msgspec

from fake_nvml.machines import Mig, Profile

START_ORDER: dict[int, tuple[int, ...]] = {1: (6, 4, 5, 0, 1, 2, 3), 2: (6, 4, 0, 2), 4: (4, 0), 8: (0,)}
FIRST_ID = {8: 0, 4: 1, 2: 3, 1: 7}
"""Both in eighths of the board."""
COMPUTE_PROFILES = {0: 1, 1: 2, 2: 3, 3: 4, 4: 7}
"""Compute instance profile index (and id) -> compute slices."""


class ComputeInstance(msgspec.Struct, frozen=True, kw_only=True):
    """``start`` and ``slices`` are compute slices inside the GPU instance."""

    id: int
    profile: int
    start: int
    slices: int


class GpuInstance(msgspec.Struct, frozen=True, kw_only=True):
    """``start`` and ``size`` are memory slices."""

    id: int
    profile: int
    start: int
    size: int
    compute: tuple[ComputeInstance, ...] = ()


def profile_by_id(mig: Mig, profile_id: int) -> Profile | None:
    """The profile that create would take by this id."""
    return next((profile for profile in mig.profiles if profile.id == profile_id), None)


def eighth(mig: Mig) -> int:
    """How many eighths of the board one memory slice is: 1, or 2 on boards of four slices."""
    return 8 // mig.memory_slices


def gpu_instance_id(mig: Mig, size: int, start: int) -> int:
    """The swizzle id."""
    return FIRST_ID[size * eighth(mig)] + start // size


def _media(profile: Profile) -> int:
    """How many of the media engines a profile claims for itself: none, its share (1), or all of them (2)."""
    return 2 if profile.name.endswith("+me.all") else int(any(profile.engines[1:]))


def fits(mig: Mig, instances: tuple[GpuInstance, ...], profile: Profile, start: int) -> bool:
    """Whether PROFILE can be created at START beside INSTANCES."""
    if start not in profile.starts:
        return False
    wanted = range(start, start + profile.size)
    if any(i.start < wanted.stop and wanted.start < i.start + i.size for i in instances):
        return False
    if sum(i.profile == profile.id for i in instances) >= profile.max:
        return False
    # media engines are not divided further: +me.all takes all of them, other profiles with engines their share
    others = [p for i in instances if (p := profile_by_id(mig, i.profile))]
    if any(_media(profile) + _media(other) > 2 for other in others):
        return False
    # MIG User Guide, table of profiles: +me profiles have one instance at most, also together
    single = [p for p in (profile, *others) if "+me" in p.name]
    if len(single) > 1:
        return False
    # memory may be left where compute is not: seven 1g instances leave one of eight memory slices
    return sum(p.compute_slices for p in others) + profile.compute_slices <= mig.compute_slices


def default_start(mig: Mig, instances: tuple[GpuInstance, ...], profile: Profile) -> int | None:
    """Where the driver would put PROFILE, or None if it fits nowhere."""
    scale = eighth(mig)
    order = (start // scale for start in START_ORDER[profile.size * scale])
    return next((start for start in order if fits(mig, instances, profile, start)), None)


def create(
    mig: Mig, instances: tuple[GpuInstance, ...], profile: Profile, start: int
) -> tuple[GpuInstance, ...]:
    """INSTANCES with one more; the caller has asked ``fits``."""
    made = GpuInstance(
        id=gpu_instance_id(mig, profile.size, start), profile=profile.id, start=start, size=profile.size
    )
    return tuple(sorted((*instances, made), key=lambda instance: instance.id))


def remaining(mig: Mig, instances: tuple[GpuInstance, ...], profile: Profile) -> int:
    """How many more of PROFILE can be created one after the other."""
    count = 0
    # not the free placements: two of them can overlap, and the driver counts what can be created in sequence
    while (start := default_start(mig, instances, profile)) is not None:
        instances = create(mig, instances, profile, start)
        count += 1
    return count


def compute_starts(slices: int, compute_slices: int) -> tuple[int, ...]:
    """Where a compute instance of SLICES may begin inside a GPU instance (assumed, see above)."""
    step = {1: 1, 2: 2, 3: 4, 4: 4, 7: 7}[slices]
    return tuple(s for s in range(0, compute_slices, step) if s + slices <= compute_slices)


def default_compute_start(profile: Profile, instance: GpuInstance, slices: int) -> int | None:
    """The first free start for a compute instance of SLICES, or None."""
    taken = {slot for ci in instance.compute for slot in range(ci.start, ci.start + ci.slices)}
    return next(
        (s for s in compute_starts(slices, profile.compute_slices) if taken.isdisjoint(range(s, s + slices))),
        None,
    )


def create_compute(instance: GpuInstance, index: int, start: int) -> GpuInstance:
    """INSTANCE with a compute instance of profile INDEX at START; its id is the smallest free one."""
    used = {ci.id for ci in instance.compute}
    free = next(i for i in range(8) if i not in used)
    made = ComputeInstance(id=free, profile=index, start=start, slices=COMPUTE_PROFILES[index])
    return msgspec.structs.replace(
        instance, compute=tuple(sorted((*instance.compute, made), key=lambda ci: ci.id))
    )


def remaining_compute(profile: Profile, instance: GpuInstance, index: int) -> int:
    """How many more compute instances of profile INDEX fit into INSTANCE."""
    count, slices = 0, COMPUTE_PROFILES[index]
    while slices in profile.compute_instances:
        start = default_compute_start(profile, instance, slices)
        if start is None:
            break
        instance = create_compute(instance, index, start)
        count += 1
    return count


def multiprocessors(profile: Profile, slices: int) -> int:
    """Multiprocessors of a compute instance of SLICES: its share of the GPU instance's."""
    return profile.multiprocessors * slices // profile.compute_slices
