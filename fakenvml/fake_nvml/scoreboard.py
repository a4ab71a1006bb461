"""``fake-nvml scoreboard``: how much of NVML has behaviour, measured by walking the library, not counted from source.

A client process walks every symbol that nvidia-ml-py uses, on several machines and in several states of each. A
symbol has behaviour if the same call, with the same arguments, was answered in different ways, one of them a success
(so the answer follows the model), or if its success changed what another call answers. Constant answers do not count.
"""

import contextlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pynvml

from fake_nvml import build
from fake_nvml.abi import layout, table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind
from fake_nvml.errors import EnvironmentFault
from fake_nvml.session import Session
from fake_nvml.walk import Answer, Arguments, Walker, fill

MACHINES = ("dgx-b200", "dgx-a100", "gb200-nvl72", "rtx-pro-6000-ws", "t4")
TARGET = "dgx-b200"
IN_CHILD = "import sys; from fake_nvml.scoreboard import walk_machine; walk_machine(*sys.argv[1:])"
MIG = re.compile(r"Mig|GpuInstance|ComputeInstance")
LAST = ("nvmlDeviceModifyDrainState", "nvmlDeviceRemoveGpu", "nvmlDeviceDiscoverGpus", "nvmlEventSetFree", "nvmlGpmSampleFree",
        "nvmlComputeInstanceDestroy", "nvmlGpuInstanceDestroy")  # fmt: skip


def symbols() -> list[str]:
    """The C symbols that the installed nvidia-ml-py uses."""
    source = Path(pynvml.__file__).read_text()
    return sorted(set(re.findall(r'_nvmlGetFunctionPointer\("(\w+)"\)', source)))


def field_ids() -> list[int]:
    """The distinct numbers of NVML_FI_*, without the one that only ends the list."""
    constants = {
        value for name, value in vars(pynvml).items() if name.startswith("NVML_FI_") and name != "NVML_FI_MAX"
    }
    return sorted(number for number in constants if isinstance(number, int))


def handle_getters() -> list[str]:
    """Getters of a device that want nothing but its handle."""
    functions = (table.functions()[name] for name in symbols() if name.startswith("nvmlDeviceGet"))
    return [
        f.name
        for f in functions
        if [
            param.kind
            for param in f.params
            if param.kind
            in (
                ParamKind.HANDLE,
                ParamKind.NUMBER32,
                ParamKind.NUMBER64,
                ParamKind.STRING,
                ParamKind.READ_ONLY,
                ParamKind.UPDATED_ARRAY,
            )
        ]
        == [ParamKind.HANDLE]
        and f.params[0].name != "migDevice"
    ]


def _pack(name: str, **values: Any) -> tuple[bytes, ...]:
    return (layout.pack(name, values),)


STRUCTURES: dict[str, tuple[bytes, ...]] = {
    "nvmlDeviceCreateGpuInstanceWithPlacement": _pack("nvmlGpuInstancePlacement_t", start=1, size=1),
    "nvmlGpuInstanceCreateComputeInstanceWithPlacement": _pack("nvmlComputeInstancePlacement_t", start=0, size=1),
    "nvmlDeviceSetClockOffsets": _pack("nvmlClockOffset_v1_t", type=0, clockOffsetMHz=15),
    "nvmlDeviceSetDramEncryptionMode": _pack("nvmlDramEncryptionInfo_v1_t", encryptionState=1),
    "nvmlDeviceSetNvlinkBwMode": _pack("nvmlNvlinkSetBwMode_v1_t", bwMode=3),
    "nvmlDeviceSetNvlinkBwModeAsync_v1": _pack("nvmlNvlinkSetBwModeAsync_v1_t", bwMode=2),
    "nvmlDeviceSetNvLinkDeviceLowPowerThreshold": _pack("nvmlNvLinkPowerThres_t", lowPwrThreshold=7),
    "nvmlDeviceSetNvLinkUtilizationControl": _pack("nvmlNvLinkUtilizationControl_t", units=1),
    "nvmlDeviceSetPowerManagementLimit_v2": _pack("nvmlPowerValue_v2_t", powerValueMw=310000),
    "nvmlDeviceSetPowerMizerMode_v1": _pack("nvmlDevicePowerMizerModes_v1_t", mode=2),
    "nvmlDeviceSetRusdSettings_v1": _pack("nvmlRusdSettings_v1_t", pollMask=3),
    "nvmlDeviceSetTemperatureThreshold": (struct.pack("<i", 70),),
    "nvmlDeviceSetHostname_v1": _pack("nvmlHostname_v1_t", value="node-7"),
    "nvmlDevicePowerSmoothingActivatePresetProfile": _pack("nvmlPowerSmoothingProfile_v1_t", profileId=2),
    "nvmlDevicePowerSmoothingUpdatePresetProfileParam": _pack("nvmlPowerSmoothingProfile_v1_t", paramId=1, value=55.0),
    "nvmlDevicePowerSmoothingSetState": _pack("nvmlPowerSmoothingState_v1_t", state=1),
    "nvmlDeviceWorkloadPowerProfileSetRequestedProfiles": _pack("nvmlWorkloadPowerProfileRequestedProfiles_v1_t", requestedProfilesMask={"mask": [5]}),
    "nvmlDeviceWorkloadPowerProfileClearRequestedProfiles": _pack("nvmlWorkloadPowerProfileRequestedProfiles_v1_t", requestedProfilesMask={"mask": [1]}),
    "nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1": _pack("nvmlWorkloadPowerProfileUpdateProfiles_v1_t", operation=2, updateProfilesMask={"mask": [8]}),
    "nvmlDeviceSetVgpuHeterogeneousMode": _pack("nvmlVgpuHeterogeneousMode_v1_t", mode=1),
    "nvmlDeviceSetVgpuSchedulerState": _pack("nvmlVgpuSchedulerSetState_t", schedulerPolicy=2),
    "nvmlDeviceSetVgpuSchedulerState_v2": _pack("nvmlVgpuSchedulerState_v2_t", schedulerPolicy=3),
    "nvmlSetVgpuVersion": _pack("nvmlVgpuVersion_t", minVersion=2, maxVersion=3),
    "nvmlSystemSetConfComputeKeyRotationThresholdInfo": _pack("nvmlConfComputeSetKeyRotationThresholdInfo_v1_t", maxAttackerAdvantage=1 << 55),
    "nvmlDeviceSetMemoryLimits_v1": _pack("nvmlSetMemoryLimits_v1_t", softLimit=1 << 30, hardLimit=2 << 30),
    "nvmlGpuInstanceSetVgpuHeterogeneousMode": _pack("nvmlVgpuHeterogeneousMode_v1_t", mode=1),
    "nvmlGpuInstanceSetVgpuSchedulerState": _pack("nvmlVgpuSchedulerState_v1_t", schedulerPolicy=2),
    "nvmlGpuInstanceSetVgpuSchedulerState_v2": _pack("nvmlVgpuSchedulerState_v2_t", schedulerPolicy=3),
    "nvmlGpmMetricsGet": (),
}  # fmt: skip


class Walk:
    """What a client sees of one machine, state by state: {symbol: {arguments: {answers}}}.

    ``moving`` are calls whose answers change by themselves: they say nothing about what was done.
    """

    def __init__(self, library: str, folder: str) -> None:
        self.walker = Walker(library)
        self.folder = Path(folder)
        self.seen: dict[str, dict[Arguments, set[Answer]]] = {}
        self.effective: set[str] = set()
        self.known: dict[str, list[Arguments]] = {}
        self.answered: set[str] = set()
        self.moving: set[tuple[str, Arguments]] = set()
        self.names = [name for name in symbols() if not table.functions()[name].by_hand]

    @property
    def device(self) -> int:
        """GPU 0."""
        return self.walker.pool.handles["device"][0]

    def control(self, verb: str, *arguments: str) -> None:
        """Do something to the node from outside, as a user does."""
        command = [sys.executable, "-m", "fake_nvml.cli", "ctl", "--dir", str(self.folder), verb, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def note(self, name: str, arguments: Arguments) -> Answer:
        """Make a call and remember what it answered."""
        answer = self.walker.call(name, arguments)
        self.seen.setdefault(name, {}).setdefault(arguments, set()).add(answer)
        return answer

    def getters(self) -> list[str]:
        """Symbols that only read."""
        return [
            name
            for name in self.names
            if not table.functions()[name].asks or ("Get" in name and "Set" not in name)
        ]

    def read_all(self) -> dict[tuple[str, Arguments], Answer]:
        """Ask every getter with every argument it is known to take, and with what it has refused so far."""
        found = {}
        for name in self.getters():
            for arguments in self.known.get(name) or self.walker.inputs(table.functions()[name])[:6]:
                found[name, arguments] = self.note(name, arguments)
        return found

    def learn(self) -> None:
        """Find the arguments that each getter takes now."""
        fill(self.walker)
        self.walker.pool.structures.update(STRUCTURES)
        for name in self.getters():
            function = table.functions()[name]
            taken = [a for a in self.walker.inputs(function) if self.walker.call(name, a)[0] == Code.SUCCESS]
            known = self.known.setdefault(name, [])
            known += [arguments for arguments in taken[:4] if arguments not in known]
            if taken:
                self.answered.add(name)

    def act(self, names: Iterable[str]) -> None:
        """Try every function that does something, and see what else answers differently after it."""
        for name in names:
            function = table.functions()[name]
            for arguments in self.walker.inputs(function)[:8]:
                first, second = self.read_all(), self.read_all()
                self.moving |= {call for call in first if first[call] != second.get(call)}
                if self.note(name, arguments)[0] != Code.SUCCESS:
                    continue
                after = self.read_all()
                if any(
                    after[call] != answer
                    for call, answer in second.items()
                    if call in after and call not in self.moving
                ):
                    self.effective.add(name)
                    break

    def fields(self) -> int:
        """How many field numbers of GPU 0 have a value."""
        device, count = self.device, 0
        for number in field_ids():
            code, raw = self.walker.call(
                "nvmlDeviceGetFieldValues", (device, 1, struct.pack("<II32x", number, 0))
            )
            count += code == Code.SUCCESS and struct.unpack_from("<I", raw, 28)[0] == Code.SUCCESS
        return count

    def events_and_samples(self) -> None:
        """Sets and samples: what is waited for comes, what is freed is gone."""
        walker, pool = self.walker, self.walker.pool
        device = self.device
        handle = int.from_bytes(self.note("nvmlEventSetCreate", ())[1][:8], "little")
        pool.handles["set"] = (handle,)
        wait = [("nvmlEventSetWait_v2", (handle, 0)), ("nvmlEventSetWait_v3", (handle, bytes(224)))]
        contexts = [
            n for n in self.names if n.startswith("nvmlEventSetGet") and len(table.functions()[n].params) == 2
        ]
        for registered in ("nvmlDeviceRegisterEvents", "nvmlEventSetRegisterGpuOperationalEvents_v1"):
            size = table.functions()["nvmlEventSetRegisterGpuOperationalEvents_v1"].params[1].size
            before = [self.note(*call)[0] for call in wait]
            self.note(
                registered,
                (device, 8, handle) if registered.startswith("nvmlDevice") else (handle, bytes(size)),
            )
            for name in contexts:
                self.note(name, (handle, bytes(table.functions()[name].params[1].size)))
            self.control("xid", "0", "code=43")
            self.control("xid", "0", "code=94")
            if [self.note(*call)[0] for call in wait] != before:
                self.effective.update((registered, "nvmlEventSetCreate"))
            for name in contexts:
                self.note(name, (handle, bytes(table.functions()[name].params[1].size)))
            self.note("nvmlEventSetFree", (handle,))
            self.note("nvmlEventSetFree", (handle,))
            handle = int.from_bytes(self.note("nvmlEventSetCreate", ())[1][:8], "little")
            wait = [("nvmlEventSetWait_v2", (handle, 0)), ("nvmlEventSetWait_v3", (handle, bytes(224)))]
        if walker.call("nvmlGpmQueryDeviceSupport", (device,))[0] == Code.SUCCESS:
            self._samples(device)

    def _samples(self, device: int) -> None:
        first, second = (
            int.from_bytes(self.note("nvmlGpmSampleAlloc", ())[1][:8], "little") for _ in range(2)
        )
        head = struct.pack("<IIQQ", 1, 1, first, second) + struct.pack("<I36x", 1)
        instances = [
            p
            for p in range(15)
            if self.walker.call("nvmlDeviceGetGpuInstanceById", (device, p))[0] == Code.SUCCESS
        ]
        before = self.note("nvmlGpmMetricsGet", (head,))
        takes: list[tuple[str, Arguments]] = [
            ("nvmlGpmSampleGet", (device, handle)) for handle in (first, second)
        ]
        if instances:
            takes = [("nvmlGpmMigSampleGet", (device, instances[0], handle)) for handle in (first, second)]
        for name, arguments in takes:
            self.note(name, arguments)
            if self.note("nvmlGpmMetricsGet", (head,)) != before:
                self.effective.update((name, "nvmlGpmSampleAlloc"))
        for _ in range(2):
            self.note("nvmlGpmSampleFree", (first,))


def settle(walk: Walk, name: str) -> None:
    """Lead one machine through its states. A lost GPU is none of them: it would make every getter answer twice."""
    walk.learn()
    walk.read_all()
    walk.events_and_samples()
    for arguments in (("set", "0", "gpu_percent=40", "pstate=8", "pcie_kib_s=9"), ("ecc", "0"), ("ecc", "0", "place=sram"),
                  ("ecc", "0", "kind=corrected", "place=l2"), ("nvlink", "0", "link=0") if name != "t4" else ("faults",)):  # fmt: skip
        try_control(walk, *arguments)
    walk.read_all()
    walk.act(["nvmlDeviceSetAccountingMode"])
    with running(walk):
        walk.learn()
        walk.read_all()
    walk.read_all()
    acting = [
        symbol for symbol in walk.names if symbol not in walk.getters() and not symbol.startswith("nvmlEvent")
    ]
    plain = [symbol for symbol in acting if not MIG.search(symbol) and symbol not in LAST]
    undo = [symbol for symbol in plain if "Reset" in symbol or "Clear" in symbol]
    walk.act(symbol for symbol in plain if symbol not in undo and "Vgpu" not in symbol)
    walk.act(undo)
    walk.control("ecc", "0")
    walk.act(["nvmlDeviceClearEccErrorCounts", "nvmlDeviceValidateInforom"])
    walk.control("confidential", "on=1")
    walk.learn()
    walk.read_all()
    virtualise(walk, plain)
    walk.act(["nvmlDeviceSetMigMode"])
    if name == "dgx-a100":
        walk.control("reset", "0")
    walk.learn()
    made = [
        symbol
        for symbol in acting
        if MIG.search(symbol) and symbol not in LAST and symbol != "nvmlDeviceSetMigMode"
    ]
    walk.act(symbol for symbol in made if symbol.startswith("nvmlDevice"))
    walk.learn()
    walk.act(symbol for symbol in made if symbol.startswith("nvmlGpuInstanceCreate"))
    walk.learn()
    walk.note("nvmlDeviceSetVirtualizationMode", (walk.device, 3))
    walk.learn()
    walk.act(symbol for symbol in made if not symbol.startswith("nvmlDevice"))
    walk.learn()
    walk.read_all()
    walk.events_and_samples()
    walk.act(symbol for symbol in LAST if symbol in acting)


def try_control(walk: Walk, *arguments: str) -> None:
    """A command that not every machine can do."""
    with contextlib.suppress(subprocess.CalledProcessError):
        walk.control(*arguments)


@contextlib.contextmanager
def running(walk: Walk) -> Iterator[None]:
    """A workload on the first device."""
    library = str(walk.folder / "lib" / build.CUDA)
    arguments = ["workload", "--library", library, "--memory", "64", "--percent", "30"]
    with subprocess.Popen(
        [sys.executable, "-m", "fake_nvml.cli", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        yield
        process.stdin.close()


def virtualise(walk: Walk, acting: list[str]) -> None:
    """Host mode, a virtual GPU, and without both again."""
    walk.note("nvmlDeviceSetVirtualizationMode", (walk.device, 0))
    walk.read_all()
    walk.act(["nvmlDeviceSetVirtualizationMode"])
    walk.note("nvmlDeviceSetVirtualizationMode", (walk.device, 3))
    walk.learn()
    about = [symbol for symbol in acting if "Vgpu" in symbol]
    walk.act(symbol for symbol in about if not symbol.startswith("nvmlVgpu"))
    kinds = walk.walker.pool.numbers["vgpuTypeId"]
    if kinds:
        label = walk.walker.call("nvmlVgpuTypeGetName", (kinds[1],))[1].split(b"\0")[0].decode()
        walk.control("vgpu-create", "0", f"type={label}")
        walk.learn()
        walk.read_all()
        walk.act(symbol for symbol in about if symbol.startswith("nvmlVgpuInstance"))
        walk.control("vgpu-destroy", "0", f"id={walk.walker.pool.numbers['vgpuInstance'][0]}")
    walk.note("nvmlDeviceSetVirtualizationMode", (walk.device, 0))
    walk.read_all()


def walk_machine(library: str, folder: str, name: str) -> None:
    """The part that runs in a client of its own: prints what it saw as JSON."""
    walk = Walk(library, folder)
    missing = [symbol for symbol in symbols() if not walk.walker.exported(symbol)]
    walk.walker.plain("nvmlInit_v2")
    walk.learn()
    counts: dict[str, Any] = {"fields": walk.fields(), "missing": missing}
    settle(walk, name)
    counts["handle_getters"] = sorted(walk.answered & set(handle_getters()))
    for symbol in ("nvmlInit_v2", "nvmlInitWithFlags", "nvmlShutdown"):
        walk.effective.add(symbol)
    walk.walker.plain("nvmlShutdown")
    seen = {
        symbol: {
            repr(arguments): sorted((code, raw.hex()) for code, raw in answers)
            for arguments, answers in known.items()
        }
        for symbol, known in walk.seen.items()
    }
    print(json.dumps({**counts, "seen": seen, "effective": sorted(walk.effective)}))  # noqa: T201 # read by measure


def walked(name: str) -> dict[str, Any]:
    """What a client saw of one machine.

    Raises:
        EnvironmentFault: the walk failed; its text is in the error.
    """
    with tempfile.TemporaryDirectory(prefix="nvml-") as folder, Session(name, Path(folder)) as session:
        library = str(Path(folder, "lib", build.SONAME))
        done = subprocess.run(
            [sys.executable, "-c", IN_CHILD, library, folder, name],
            env=session.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        message = f"the walk over {name} failed: {done.stderr.strip()[-2000:]}"
        raise EnvironmentFault(message)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure() -> dict[str, Any]:
    """The scoreboard; ``without_behaviour`` names what is missing, so that it can be argued with.

    Raises:
        EnvironmentFault: a walk failed.
    """
    began = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        walks = dict(zip(MACHINES, pool.map(walked, MACHINES), strict=True))
    target = walks[TARGET]
    effective = {symbol for found in walks.values() for symbol in found["effective"]}
    seen: dict[str, dict[str, set[tuple[int, str]]]] = {}
    for found in walks.values():
        for symbol, known in found["seen"].items():
            for arguments, answers in known.items():
                kept = seen.setdefault(symbol, {}).setdefault(arguments, set())
                kept.update((code, raw) for code, raw in answers)
    living = effective | {
        symbol
        for symbol, known in seen.items()
        if any(len(answers) > 1 and any(code == 0 for code, _ in answers) for answers in known.values())
    }
    names = symbols()
    setters = [
        n
        for n in names
        if re.search(r"Set[A-Z]|Reset|Clear", n) and n.startswith("nvmlDevice") and "Get" not in n
    ]
    return {
        "nvidia_ml_py": version("nvidia-ml-py"),
        "symbols": len(names),
        "symbols_exported": len(names) - len(target["missing"]),
        "symbols_with_behaviour": len(living & set(names)),
        "handle_getters": len(handle_getters()),
        "handle_getters_answering": len(target["handle_getters"]),
        "fields": len(field_ids()),
        "fields_answering": target["fields"],
        "mig_functions": len(
            [name for name in living & set(names) if MIG.search(name) and "Vgpu" not in name]
        ),
        "setters": len(setters),
        "setters_shared": len(set(setters) & effective),
        "without_behaviour": sorted(set(names) - living - {"nvmlErrorString"}),
        "getters_not_answering": sorted(set(handle_getters()) - set(target["handle_getters"])),
        "seconds": round(time.monotonic() - began, 1),
    }


def main(*, as_json: bool) -> None:
    """Measure and print."""
    found = measure()
    if as_json:
        print(json.dumps(found, indent=1))  # noqa: T201 # the command's output
        return
    rows = (("symbols_exported", "symbols"), ("symbols_with_behaviour", "symbols"), ("handle_getters_answering", "handle_getters"),
            ("fields_answering", "fields"), ("mig_functions", ""), ("setters_shared", "setters"))  # fmt: skip
    for name, total in rows:
        print(f"{name:26} {found[name]:>4}{f' of {found[total]}' if total else ''}")  # noqa: T201 # the same
