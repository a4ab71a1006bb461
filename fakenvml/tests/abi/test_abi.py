"""The binary interface: layouts as NVIDIA's bindings have them, and the same refusals from every entry point."""

import ctypes
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pynvml
import pytest

from fake_nvml import build
from fake_nvml.abi import kinds, layout, table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind
from fake_nvml.calls import dispatch  # noqa: F401 # declares every call
from fake_nvml.calls.registry import ACTIONS, GETTERS
from fake_nvml.session import Session
from fake_nvml.walk import Walker, fill

CALLED = [function for function in table.by_id() if not function.by_hand]
BINDINGS_DIFFER = {
    "nvmlGridLicensableFeature_t",
    "nvmlGridLicensableFeatures_t",
    "nvmlVgpuMetadata_t",
    "nvmlVgpuPgpuMetadata_t",
}
"""Structures that nvml.h of API version 13 lays out in another way than the bindings, which keep older or longer forms."""
WORDS_DIFFER = {"nvmlC2cModeInfo_v1", "nvmlPerfMetricsSamples_v1"}
"""The structures have no version word; the bindings' words have another size and are never read."""
POINTERS = (kinds.INPUTS | kinds.OUTPUTS) - kinds.INTEGERS - {ParamKind.OPTIONAL_OUTPUT, ParamKind.ARRAY}


@pytest.fixture(scope="module")
def walker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walker]:
    """A client of a B200 node with a MIG device; initialised."""
    folder = tmp_path_factory.mktemp("abi")
    with pytest.MonkeyPatch.context() as patch, Session("dgx-b200", folder) as session:
        patch.setenv("FAKE_NVML_DIR", str(session.folder))
        walker = Walker(os.path.realpath(session.folder / "lib" / build.SONAME))
        walker.plain("nvmlInit_v2")
        device = int.from_bytes(walker.call("nvmlDeviceGetHandleByIndex_v2", (0,))[1][:8], "little")
        walker.call("nvmlDeviceSetMigMode", (device, 1))
        instance = int.from_bytes(walker.call("nvmlDeviceCreateGpuInstance", (device, 19))[1][:8], "little")
        walker.call("nvmlGpuInstanceCreateComputeInstance", (instance, 0))
        fill(walker)
        yield walker
        walker.plain("nvmlShutdown")


def test_layouts_have_the_sizes_of_nvidias_bindings() -> None:
    theirs = {
        name.removeprefix("c_"): ctypes.sizeof(kind)
        for name, kind in vars(pynvml).items()
        if isinstance(kind, type) and issubclass(kind, ctypes.Structure) and kind is not ctypes.Structure
        if name.startswith("c_nvml") and hasattr(kind, "_fields_")
    }
    ours = {name: layout.size_of(name) for name in layout.lines()}
    common = {name for name in theirs if name in ours}
    assert len(common) > 80
    assert {name for name in common if ours[name] != theirs[name]} == BINDINGS_DIFFER


def test_version_words_are_those_of_nvidias_bindings() -> None:
    words = {
        name: word
        for name, word in vars(pynvml).items()
        if isinstance(word, int)
        and re.fullmatch(r"nvml\w+_v\d", name)
        and word > 9
        and f"{name}_t" in layout.lines()
    }
    assert len(words) > 25
    assert {name for name, word in words.items() if layout.version_word(f"{name}_t") != word} == WORDS_DIFFER


def test_the_library_exports_what_drivers_export_and_nothing_of_its_own() -> None:
    done = subprocess.run(
        ["nm", "-D", "--defined-only", str(build.library())], capture_output=True, text=True, check=True
    )
    exported = {line.split()[-1] for line in done.stdout.splitlines()}
    assert exported == set(table.functions())


def test_the_library_is_small_and_has_the_drivers_name() -> None:
    path = build.library()
    assert path.stat().st_size < 400_000
    dynamic = subprocess.run(["readelf", "-d", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Library soname: [libnvidia-ml.so.1]" in dynamic
    assert "pthread" not in dynamic


def test_every_call_before_init_and_after_shutdown_is_uninitialized(walker: Walker) -> None:
    walker.plain("nvmlShutdown")
    try:
        answers = {f.name: walker.call(f.name, walker.inputs(f)[0])[0] for f in CALLED if walker.inputs(f)}
    finally:
        walker.plain("nvmlInit_v2")
    answered = {name for name, code in answers.items() if code != Code.UNINITIALIZED}
    assert answered == {"nvmlSystemGetNVMLVersion"}  # the real library returns its version at any time


def test_init_counts_references(walker: Walker) -> None:
    walker.plain("nvmlInit_v2")
    walker.plain("nvmlShutdown")
    assert walker.call("nvmlDeviceGetCount_v2", ())[0] == Code.SUCCESS


def test_init_with_unknown_flags_is_refused(walker: Walker) -> None:
    assert walker.plain("nvmlInitWithFlags", 1 << 20) == Code.INVALID_ARGUMENT
    assert walker.plain("nvmlInitWithFlags", 1) == Code.SUCCESS
    walker.plain("nvmlShutdown")


@pytest.mark.parametrize(
    "function", [f for f in CALLED if any(p.kind in POINTERS for p in f.params)], ids=lambda f: f.name
)
def test_a_null_pointer_is_an_invalid_argument(walker: Walker, function: table.Function) -> None:
    symbol = getattr(walker._library, function.name)
    arguments = [ctypes.c_uint64(0)] * 8
    assert symbol(*arguments) == Code.INVALID_ARGUMENT


VERSIONED = [f for f in CALLED if any(p.kind is ParamKind.VERSIONED for p in f.params)]


@pytest.mark.parametrize("function", VERSIONED, ids=lambda f: f.name)
def test_a_wrong_version_word_is_a_version_mismatch(walker: Walker, function: table.Function) -> None:
    for param in function.params:
        if param.kind is ParamKind.HANDLE and not walker.pool.handles.get(param.name):
            walker.pool.handles[param.name] = walker.pool.handles["device"]
    walker.pool.numbers.update(vgpuTypeId=(1,), vgpuInstance=(1,))
    arguments = list(walker.inputs(function)[0])
    places = [
        i
        for i, p in enumerate(p for p in function.params if p.kind in kinds.INPUTS)
        if p.kind is ParamKind.VERSIONED
    ]
    arguments[places[0]] = b"\xff\xff\xff\xff" + arguments[places[0]][4:]
    assert walker.call(function.name, tuple(arguments))[0] == Code.ARGUMENT_VERSION_MISMATCH


@pytest.mark.parametrize(
    "function", [f for f in CALLED if f.params and f.params[0].kind is ParamKind.HANDLE], ids=lambda f: f.name
)
def test_a_handle_of_nothing_is_an_invalid_argument(walker: Walker, function: table.Function) -> None:
    for param in function.params:
        if param.kind is ParamKind.HANDLE and not walker.pool.handles.get(param.name):
            walker.pool.handles[param.name] = walker.pool.handles["device"]
    walker.pool.numbers.update(vgpuTypeId=(1,), vgpuInstance=(1,))
    arguments = (0xDEADBEEF, *walker.inputs(function)[0][1:])
    assert walker.call(function.name, arguments)[0] == Code.INVALID_ARGUMENT


def test_a_buffer_that_is_too_small_is_reported(walker: Walker) -> None:
    (device, *_) = walker.pool.handles["device"]
    name = ctypes.create_string_buffer(4)
    assert walker._library.nvmlDeviceGetName(ctypes.c_uint64(device), name, 4) == Code.INSUFFICIENT_SIZE
    assert name.raw == bytes(4)


def test_an_array_that_is_too_short_returns_the_size_wanted(walker: Walker) -> None:
    (device, *_) = walker.pool.handles["device"]
    count, clocks = ctypes.c_uint(1), (ctypes.c_uint * 1)()
    code = walker._library.nvmlDeviceGetSupportedMemoryClocks(
        ctypes.c_uint64(device), ctypes.byref(count), clocks
    )
    assert (code, count.value) == (Code.INSUFFICIENT_SIZE, 2)


def test_an_array_behind_a_pointer_says_how_many_there_are(walker: Walker) -> None:
    (device, *_) = walker.pool.handles["device"]
    raw = layout.ctype("nvmlProcessDetailList_v1_t")(
        version=layout.version_word("nvmlProcessDetailList_v1_t")
    )
    assert (
        walker._library.nvmlDeviceGetRunningProcessDetailList(ctypes.c_uint64(device), ctypes.byref(raw))
        == Code.SUCCESS
    )
    assert raw.numProcArrayEntries == 0


def test_the_two_forms_of_a_profile_differ_in_their_offsets(walker: Walker) -> None:
    (device, *_) = walker.pool.handles["device"]
    found = {}
    for version in (2, 3):
        kind = f"nvmlGpuInstanceProfileInfo_v{version}_t"
        info = layout.ctype(kind)(version=layout.version_word(kind))
        assert (
            walker._library.nvmlDeviceGetGpuInstanceProfileInfoV(
                ctypes.c_uint64(device), 0, ctypes.byref(info)
            )
            == 0
        )
        found[version] = (info.memorySizeMB, info.name)
    assert found[2] == found[3] == (22528, b"MIG 1g.23gb")


def test_walking_profiles_past_the_end_is_an_invalid_argument_and_an_absent_one_not_supported(
    walker: Walker,
) -> None:
    (device, *_) = walker.pool.handles["device"]
    assert walker.call("nvmlDeviceGetGpuInstanceProfileInfo", (device, 18))[0] == Code.INVALID_ARGUMENT
    assert walker.call("nvmlDeviceGetGpuInstanceProfileInfo", (device, 10))[0] == Code.NOT_SUPPORTED


def test_the_generated_files_are_those_of_the_tables() -> None:
    from fake_nvml.abi import generate

    assert {path: path.read_text() for path in generate.wanted()} == generate.wanted()


def test_the_library_has_the_same_kinds_of_parameters() -> None:
    header = files("fake_nvml").joinpath("shim/shim.h").read_text()
    named = dict(re.findall(r"KIND_(\w+) = '(\w)'", header))
    assert named == {kind.name: kind.value for kind in ParamKind}


NEW_IN_13_4 = {
    "nvmlDeviceGetAdaptiveTgpModeInfo_v1", "nvmlDeviceSetAdaptiveTgpMode_v1", "nvmlDeviceGetBankRemapperStatus_v1",
    "nvmlDeviceGetGpuFabricInfo_v4", "nvmlDeviceGetMemoryLimits_v1", "nvmlDeviceSetMemoryLimits_v1",
    "nvmlDeviceSetNvlinkBwModeAsync_v1", "nvmlEventSetWait_v3", "nvmlEventSetGetContextCount_v1",
    "nvmlEventSetGetContextInfo_v1", "nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1",
    "nvmlEventSetRegisterGpuOperationalEvents_v1", "nvmlEventSetGetContextData_v1",
    "nvmlDeviceGetNvLinkTelemetrySamples_v1",
}  # fmt: skip
WITHOUT_BEHAVIOUR = {"nvmlDevicePerfMetricsGetSamples_v1"}
"""New too. nvml.h names no board that supports it and says nothing about the figures, so every board answers NOT_SUPPORTED."""


def test_the_functions_that_came_with_nvml_13_4_have_behaviour() -> None:
    known = {name for name, _ in GETTERS} | set(ACTIONS)
    assert known >= NEW_IN_13_4
    assert table.functions().keys() - known >= WITHOUT_BEHAVIOUR


def test_performance_samples_of_nvml_13_4_are_not_supported_and_need_a_place(walker: Walker) -> None:
    device = int.from_bytes(walker.call("nvmlDeviceGetHandleByIndex_v2", (0,))[1][:8], "little")
    assert walker.call("nvmlDevicePerfMetricsGetSamples_v1", (device,))[0] == Code.NOT_SUPPORTED
    assert walker.plain("nvmlDevicePerfMetricsGetSamples_v1", device, None) == Code.INVALID_ARGUMENT


SMI_TABLE = bytes.fromhex("c4fe3e6cc98f6c4ea327ee696e12f7c4")
"""By which nvidia-smi asks for the private functions of its branch."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("driver", "code"),
    [
        ("550.163.01", Code.SUCCESS),
        ("555.58.02", Code.SUCCESS),
        ("580.105.08", Code.NOT_FOUND),
        ("595.80", Code.NOT_FOUND),
    ],
)
def test_branches_whose_private_table_is_not_known_have_none(
    tmp_path: Path, become_client: Callable[[Session], ModuleType], driver: str, code: Code
) -> None:
    with Session("t4", tmp_path / "node", driver=driver) as session:
        become_client(session)
        found = ctypes.c_void_p()
        assert pynvml.nvmlLib.nvmlInternalGetExportTable(ctypes.byref(found), SMI_TABLE) == code
        assert (found.value is not None) == (code == Code.SUCCESS)
