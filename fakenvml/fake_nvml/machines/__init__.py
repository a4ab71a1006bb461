"""Boards and machines as data: one YAML file each, decoded strictly; the fake answers with the figures of the file.

A board is one product with its figures; a machine is a set of boards at their PCI addresses with a driver and a fabric.
A new board or machine is a new file, here or anywhere (``--machine ./mine.yaml``; a board beside it is found first).
What the blocks mean is in ``schema``.
"""

import re
import uuid
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from fake_nvml.errors import UsageError
from fake_nvml.machines.schema import (
    NAMESPACE,
    Board,
    Clocks,
    Driver,
    Fabric,
    Machine,
    Mig,
    NvLink,
    Profile,
)

__all__ = [
    "NAMESPACE", "Board", "Clocks", "Driver", "Fabric", "Machine", "Mig", "NvLink", "Profile",
    "load", "names", "with_driver", "with_gpus", "with_rack",
]  # fmt: skip
FILE_MAX = 16 << 20
CUDA_OF_BRANCH = {
    525: 12000,
    530: 12010,
    535: 12020,
    545: 12030,
    550: 12040,
    555: 12050,
    560: 12060,
    565: 12070,
    570: 12080,
    575: 12090,
    580: 13000,
    590: 13010,
    595: 13020,
    610: 13030,
    615: 13040,
}
"""Driver branch -> CUDA version, as nvidia-smi prints them side by side."""
T = TypeVar("T", Machine, Board)


def _line_of(text: str, path: str) -> int:
    """The line of TEXT where the field of a msgspec path ("$.gpus[2].bus"), or of its nearest parent."""
    node = yaml.compose(text, yaml.CSafeLoader)
    line = node.start_mark.line if node else 0
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        if isinstance(node, yaml.MappingNode) and name:
            found = next(((k, v) for k, v in node.value if k.value == name), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and index and int(index) < len(node.value):
            node = node.value[int(index)]
            line = node.start_mark.line
    return int(line) + 1


def _decode(path: str, text: str, kind: type[T]) -> T:
    try:
        raw = yaml.load(text, yaml.CSafeLoader)
        made = msgspec.convert(raw, kind)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        message = f"{path}, line {line}: not YAML: {error.problem}"
        raise UsageError(message) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        message = f"{path}: not YAML: {error}"
        raise UsageError(message) from error
    except msgspec.ValidationError as error:
        where = str(error).rpartition("at `")[2].rstrip("`") if "at `" in str(error) else "$"
        message = f"{path}, line {_line_of(text, where)}: {error}"
        raise UsageError(message) from error
    wanted = f"fake-nvml/{kind.__name__.lower()}/v1"
    if made.schema != wanted:
        message = f"{path}, line {_line_of(text, '$.schema')}: schema: wanted {wanted}, found {made.schema!r}"
        raise UsageError(message)
    return made


def _read(path: Path, what: str) -> str:
    try:
        if path.stat().st_size > FILE_MAX:
            message = f"{what} {path}: wanted at most {FILE_MAX} bytes, found {path.stat().st_size}"
            raise UsageError(message)
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{what} {path}: wanted a YAML file, found none that can be read ({error})"
        raise UsageError(message) from error


def names() -> list[str]:
    """The machines that are shipped."""
    return sorted(p.name.removesuffix(".yaml") for p in files(__name__).iterdir() if p.name.endswith(".yaml"))


def _board(machine: Machine, beside: Path | None) -> Board:
    """The machine's board: in its own file, a file beside it, else a shipped one."""
    if machine.inline_board is not None:
        return machine.inline_board
    if beside is not None and (beside / f"{machine.board}.yaml").is_file():
        path = beside / f"{machine.board}.yaml"
        return _decode(str(path), _read(path, "board file"), Board)
    folder: Traversable = files(__name__).joinpath("boards")
    shipped = sorted(p.name.removesuffix(".yaml") for p in folder.iterdir())
    if machine.board not in shipped:
        message = f"machine {machine.name}: unknown board {machine.board!r}; there are: {', '.join(shipped)}"
        raise UsageError(message)
    text = folder.joinpath(f"{machine.board}.yaml").read_text()
    return _decode(f"boards/{machine.board}.yaml", text, Board)


def load(name: str, node: int = 0) -> tuple[Machine, Board]:
    """A shipped machine by name, or one from a file if NAME has a slash or ends in .yaml; NODE is a rack's tray.

    Raises:
        UsageError: there is no such machine, board or tray, or a file is malformed; names the line and the field.
    """
    beside = None
    if "/" in name or name.endswith(".yaml"):
        beside = Path(name).parent
        machine = _decode(name, _read(Path(name), "machine file"), Machine)
    elif name in names():
        machine = _decode(f"{name}.yaml", files(__name__).joinpath(f"{name}.yaml").read_text(), Machine)
    else:
        message = f"unknown machine {name!r}; there are: {', '.join(names())} (or the path of a machine file)"
        raise UsageError(message)
    trays = machine.rack.nodes if machine.rack else 1
    if not 0 <= node < trays:
        message = f"machine {machine.name}: wanted a node from 0 to {trays - 1}, found {node}"
        raise UsageError(message)
    return msgspec.structs.replace(machine, node=node), _board(machine, beside)


def with_rack(machine: Machine, number: int) -> Machine:
    """MACHINE in the rack NUMBER of its kind: GPUs, NVLink domain and chassis of its own; rack 0 is that of the file.

    Raises:
        UsageError: it is not a tray of a rack.
    """
    if number == 0:
        return machine
    if machine.rack is None or number < 0:
        racks = ", ".join(name for name in names() if load(name)[0].rack)
        message = f"machine {machine.name}: wanted one that is a tray of a rack, and a rack from 0, found rack {number}; there are: {racks}"
        raise UsageError(message)
    domain = str(uuid.uuid5(NAMESPACE, f"{machine.name}/rack{number}"))
    serial = f"{int(machine.rack.chassis_serial) + number:0{len(machine.rack.chassis_serial)}d}"
    return msgspec.structs.replace(
        machine,
        rack_number=number,
        fabric=msgspec.structs.replace(machine.fabric, cluster_uuid=domain),
        rack=msgspec.structs.replace(machine.rack, chassis_serial=serial),
    )


def with_gpus(machine: Machine, count: int) -> Machine:
    """MACHINE with the first COUNT of its GPUs.

    Raises:
        UsageError: it has fewer.
    """
    if not 1 <= count <= len(machine.gpus):
        message = f"machine {machine.name}: wanted 1 to {len(machine.gpus)} GPUs a node, found {count}"
        raise UsageError(message)
    return msgspec.structs.replace(machine, gpus=machine.gpus[:count])


def with_driver(machine: Machine, version: str) -> Machine:
    """MACHINE with a driver of another VERSION, e.g. 555.58.02 or 595.80; the CUDA version follows the branch.

    Raises:
        UsageError: not a driver version, or of a branch that is not known here.
    """
    major = version.partition(".")[0]
    if not re.fullmatch(r"\d{3}\.\d{2,3}(\.\d{2})?", version) or int(major) not in CUDA_OF_BRANCH:
        known = ", ".join(map(str, CUDA_OF_BRANCH))
        message = f"driver version: wanted a full version such as 555.58.02, of one of the branches {known}; found {version!r}"
        raise UsageError(message)
    cuda = CUDA_OF_BRANCH[int(major)]
    driver = Driver(version=version, nvml=f"{cuda // 1000}.{version}", cuda=cuda, branch=f"r{major}_00")
    return msgspec.structs.replace(machine, driver=driver)
