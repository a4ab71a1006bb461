"""``nvidia-smi mig``: profiles, placements, instances; lists and messages as nvidia-smi 550.163.01 prints them."""

from collections.abc import Callable, Iterator
from typing import Any

import pynvml

PROFILES = 18
COMPUTE_PROFILES = 9
LISTED_MAX = 16


class Refused(Exception):
    """A verb ends with this text and the NVML return code as exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def refused(error: pynvml.NVMLError, text: str) -> Refused:
    """The end of a verb that NVML did not allow."""
    return Refused(f"{text}: {error}", error.value)


def enabled(gpu: Any) -> bool:
    """Whether the GPU is in MIG mode."""
    try:
        return bool(pynvml.nvmlDeviceGetMigMode(gpu)[0])
    except pynvml.NVMLError:
        return False


def profiles(gpu: Any) -> Iterator[Any]:
    """The board's GPU instance profiles, by index."""
    for index in range(PROFILES):
        try:
            yield pynvml.nvmlDeviceGetGpuInstanceProfileInfo(gpu, index)
        except pynvml.NVMLError:
            continue


def ordered(gpu: Any) -> list[Any]:
    """Profiles as nvidia-smi lists them: by slices and memory."""
    return sorted(profiles(gpu), key=lambda info: (info.sliceCount, info.memorySizeMB, info.id == 0))


def text_of(name: bytes | str) -> str:
    """A name out of a structure."""
    return name.decode() if isinstance(name, bytes) else name


def list_profiles(gpus: list[tuple[int, Any]]) -> Iterator[str]:
    """``-lgip``."""
    rule = "+" + "-" * 77 + "+"
    yield rule
    yield f"| {'GPU instance profiles:':<76}|"
    yield "| GPU   Name             ID    Instances   Memory     P2P    SM    DEC   ENC  |"
    yield "|                              Free/Total   GiB              CE    JPEG  OFA  |"
    yield "|" + "=" * 77 + "|"
    for index, gpu in gpus:
        for info in ordered(gpu):
            free = pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, info.id)
            count, size = f"{free}/{info.instanceCount}", f"{info.memorySizeMB / 1024:.2f}"
            yield (
                f"| {index:>3}  {text_of(info.name):<16} {info.id:>3}   {count:>5}        {size:<7}    "
                f"{'Yes' if info.isP2pSupported else 'No':<3}    {info.multiprocessorCount:<3}  {info.decoderCount:>3}   {info.encoderCount:>3}   |"
            )
            yield f"|{'':<57}{info.copyEngineCount:>5}   {info.jpegCount:>3}   {info.ofaCount:>3}   |"
            yield rule


def list_placements(gpus: list[tuple[int, Any]]) -> Iterator[str]:
    """``-lgipp``."""
    for index, gpu in gpus:
        for info in ordered(gpu):
            count = pynvml.c_uint(0)
            pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, None, pynvml.byref(count))
            places = (pynvml.c_nvmlGpuInstancePlacement_t * count.value)()
            pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, places, pynvml.byref(count))
            starts = ",".join(str(place.start) for place in places)
            word = "Placements" if len(places) > 1 else "Placement "
            yield f"GPU {index:>2} Profile ID {info.id:>2} {word}: {{{starts}}}:{places[0].size}"


def _listed(call: Callable[..., Any], kind: Any, subject: Any, profile: int) -> list[Any]:
    count = pynvml.c_uint(0)
    room = (kind * LISTED_MAX)()
    call(subject, profile, room, pynvml.byref(count))
    return [room[i] for i in range(count.value)]


def instances(gpu: Any) -> Iterator[tuple[Any, Any, Any]]:
    """(profile, handle, info) of every GPU instance."""
    for profile in profiles(gpu):
        for handle in _listed(pynvml.nvmlDeviceGetGpuInstances, pynvml.c_nvmlGpuInstance_t, gpu, profile.id):
            yield profile, handle, pynvml.nvmlGpuInstanceGetInfo(handle)


def compute_profiles(instance: Any) -> Iterator[Any]:
    """The compute instance profiles that a GPU instance takes."""
    for index in range(COMPUTE_PROFILES):
        try:
            yield pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, index, 0)
        except pynvml.NVMLError:
            continue


def list_compute_profiles(gpus: list[tuple[int, Any]], gi: int | None) -> Iterator[str]:
    """``-lcip``: the star marks the profile that fills its GPU instance."""
    rule = "+" + "-" * 86 + "+"
    yield rule
    yield f"| {'Compute instance profiles:':<85}|"
    yield "| GPU     GPU       Name             Profile  Instances   Exclusive       Shared       |"
    yield "|       Instance                       ID     Free/Total     SM       DEC   ENC   OFA  |"
    yield "|         ID                                                          CE    JPEG       |"
    yield "|" + "=" * 86 + "|"
    for index, gpu in gpus:
        for _, handle, info in sorted(instances(gpu), key=lambda row: (row[0].sliceCount, row[2].id)):
            known = list(compute_profiles(handle)) if gi in (None, info.id) else []
            for profile in known:
                free = pynvml.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(handle, profile.id)
                star, count = "*" if profile is known[-1] else " ", f"{free}/{profile.instanceCount}"
                yield (
                    f"| {index:>3}    {info.id:>3}       {text_of(profile.name):<18}{profile.id:>4}{star}   {count:>5}          "
                    f"{profile.multiprocessorCount:>3}      {profile.sharedDecoderCount:>3}   {profile.sharedEncoderCount:>3}   {profile.sharedOfaCount:>3}   |"
                )
                yield f"|{'':<68}{profile.sharedCopyEngineCount:>3}   {profile.sharedJpegCount:>3}         |"
                yield rule


def compute_instances(instance: Any) -> Iterator[tuple[Any, Any, Any]]:
    """(profile, handle, info) of every compute instance of a GPU instance."""
    for profile in compute_profiles(instance):
        for handle in _listed(
            pynvml.nvmlGpuInstanceGetComputeInstances, pynvml.c_nvmlComputeInstance_t, instance, profile.id
        ):
            yield profile, handle, pynvml.nvmlComputeInstanceGetInfo(handle)


def list_instances(gpus: list[tuple[int, Any]]) -> Iterator[str]:
    """``-lgi``."""
    rule = "+" + "-" * 55 + "+"
    yield rule
    yield f"| {'GPU instances:':<54}|"
    yield "| GPU   Name             Profile  Instance   Placement  |"
    yield "|                          ID       ID       Start:Size |"
    yield "|" + "=" * 55 + "|"
    for index, gpu in gpus:
        found = sorted(instances(gpu), key=lambda row: (row[0].sliceCount, row[2].id))
        for profile, _, info in found:
            place = f"{info.placement.start}:{info.placement.size}"
            yield f"| {index:>3}  {text_of(profile.name):<17}{info.profileId:>5}    {info.id:>5}        {place:>5}     |"
            yield rule
        if not found:
            yield f"|  No GPU instances found on GPU {index}{'':<22}|"


def list_compute(gpus: list[tuple[int, Any]], gi: int | None) -> Iterator[str]:
    """``-lci``."""
    rule = "+" + "-" * 68 + "+"
    yield rule
    yield f"| {'Compute instances:':<67}|"
    yield "| GPU     GPU       Name             Profile   Instance   Placement  |"
    yield "|       Instance                       ID        ID       Start:Size |"
    yield "|         ID                                                         |"
    yield "|" + "=" * 68 + "|"
    for index, gpu in gpus:
        for _, handle, info in sorted(instances(gpu), key=lambda row: (row[0].sliceCount, row[2].id)):
            if gi not in (None, info.id):
                continue
            for profile, _, made in compute_instances(handle):
                place = f"{made.placement.start}:{made.placement.size}"
                yield (
                    f"| {index:>3}    {info.id:>3}       {text_of(profile.name):<18}{made.profileId:>3}       {made.id:>3}        {place:>5}     |"
                )
                yield rule


def _profile(gpu: Any, wanted: str) -> Any:
    """A profile by id or by name.

    Raises:
        Refused: the board has none such.
    """
    for info in profiles(gpu):
        if wanted in (str(info.id), text_of(info.name).removeprefix("MIG ")):
            return info
    text = f"Unable to find GPU instance profile {wanted}"
    raise Refused(text, pynvml.NVML_ERROR_INVALID_ARGUMENT)


def create(gpus: list[tuple[int, Any]], wanted: list[str], *, with_compute: bool) -> Iterator[str]:
    """``-cgi``: PROFILE or PROFILE:START; with ``-C`` each gets the compute instance that fills it."""
    for index, gpu in gpus:
        for entry in wanted:
            name, _, start = entry.partition(":")
            profile = _profile(gpu, name)
            try:
                if start:
                    place = pynvml.c_nvmlGpuInstancePlacement_t(int(start), _size(gpu, profile.id))
                    handle = pynvml.nvmlDeviceCreateGpuInstanceWithPlacement(
                        gpu, profile.id, pynvml.byref(place)
                    )
                else:
                    handle = pynvml.nvmlDeviceCreateGpuInstance(gpu, profile.id)
            except pynvml.NVMLError as error:
                yield f"Unable to create a GPU instance on GPU {index:>2} using profile {profile.id}: {error}"
                raise refused(error, "Failed to create GPU instances") from error
            info = pynvml.nvmlGpuInstanceGetInfo(handle)
            yield f"Successfully created GPU instance ID {info.id:>2} on GPU {index:>2} using profile {text_of(profile.name)} (ID {profile.id:>2})"
            if with_compute:
                yield from _create_compute(index, handle, info.id, "")


def _size(gpu: Any, profile: int) -> int:
    count = pynvml.c_uint(0)
    pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, profile, None, pynvml.byref(count))
    places = (pynvml.c_nvmlGpuInstancePlacement_t * count.value)()
    pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, profile, places, pynvml.byref(count))
    return int(places[0].size)


def _create_compute(index: int, instance: Any, gi: int, name: str) -> Iterator[str]:
    known = list(compute_profiles(instance))
    chosen = (
        known[-1]
        if not name
        else next((p for p in known if name in (str(p.id), text_of(p.name).removeprefix("MIG "))), None)
    )
    if chosen is None:
        text = f"Unable to find compute instance profile {name}"
        raise Refused(text, pynvml.NVML_ERROR_INVALID_ARGUMENT)
    try:
        handle = pynvml.nvmlGpuInstanceCreateComputeInstance(instance, chosen.id)
    except pynvml.NVMLError as error:
        yield f"Unable to create a compute instance on GPU {index:>2} GPU instance ID {gi:>2} using profile {chosen.id}: {error}"
        raise refused(error, "Failed to create compute instances") from error
    made = pynvml.nvmlComputeInstanceGetInfo(handle)
    yield (
        f"Successfully created compute instance ID {made.id:>2} on GPU {index:>2} GPU instance ID {gi:>2} "
        f"using profile {text_of(chosen.name)} (ID {chosen.id:>2})"
    )


def create_compute(gpus: list[tuple[int, Any]], wanted: list[str], gi: int | None) -> Iterator[str]:
    """``-cci``: in one GPU instance, or in each; without a profile the one that fills it."""
    for index, gpu in gpus:
        for _, handle, info in sorted(instances(gpu), key=lambda row: row[2].id):
            if gi in (None, info.id):
                for entry in wanted or [""]:
                    yield from _create_compute(index, handle, info.id, entry)


def destroy(gpus: list[tuple[int, Any]], gi: int | None) -> Iterator[str]:
    """``-dgi``."""
    for index, gpu in gpus:
        for _, handle, info in sorted(instances(gpu), key=lambda row: row[2].id, reverse=True):
            if gi not in (None, info.id):
                continue
            try:
                pynvml.nvmlGpuInstanceDestroy(handle)
            except pynvml.NVMLError as error:
                yield f"Unable to destroy GPU instance ID {info.id:>2} from GPU {index:>2}: {error}"
                raise refused(error, "Failed to destroy GPU instances") from error
            yield f"Successfully destroyed GPU instance ID {info.id:>2} from GPU {index:>2}"


def destroy_compute(gpus: list[tuple[int, Any]], gi: int | None, ci: int | None) -> Iterator[str]:
    """``-dci``."""
    for index, gpu in gpus:
        for _, instance, info in sorted(instances(gpu), key=lambda row: row[2].id, reverse=True):
            for _, handle, made in compute_instances(instance) if gi in (None, info.id) else ():
                if ci not in (None, made.id):
                    continue
                try:
                    pynvml.nvmlComputeInstanceDestroy(handle)
                except pynvml.NVMLError as error:
                    yield f"Unable to destroy compute instance ID {made.id:>2} from GPU {index:>2} GPU instance ID {info.id:>2}: {error}"
                    raise refused(error, "Failed to destroy compute instances") from error
                yield f"Successfully destroyed compute instance ID {made.id:>2} from GPU {index:>2} GPU instance ID {info.id:>2}"
