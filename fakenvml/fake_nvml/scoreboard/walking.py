"""The walk over one machine, state by state, in a client process of its own."""

import contextlib
import json
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fake_nvml import build
from fake_nvml.abi import table
from fake_nvml.abi.codes import Code
from fake_nvml.scoreboard.symbols import MIG, STRUCTURES, field_ids, handle_getters, symbols
from fake_nvml.walk import Answer, Arguments, Walker, fill

LAST = ("nvmlDeviceModifyDrainState", "nvmlDeviceRemoveGpu", "nvmlDeviceDiscoverGpus", "nvmlEventSetFree", "nvmlGpmSampleFree",
        "nvmlComputeInstanceDestroy", "nvmlGpuInstanceDestroy")  # fmt: skip


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
