"""Compares what ``nvidia-smi -q -x`` printed on a real machine with what it prints on a fake one, leaf by leaf.

Pure but for ``fake_leaves``. A leaf is the text of an XML element without children; its path is the tags below ``gpu``
joined by slashes, with ``[n]`` behind the n-th of equal tags. Captures come from outside, so their size is bounded and
entity declarations are refused.
"""

import fnmatch
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from fake_nvml.errors import EnvironmentFault, UsageError
from fake_nvml.session import Session

SIZE_MAX = 16 << 20
"""Bytes of a capture; that of a node with eight GPUs has 0.5 MB."""

TIMEOUT_S = 60.0
Kind = Literal["agrees", "identifier", "reading", "explained", "differs", "not printed"]


@dataclass(frozen=True, slots=True)
class Capture:
    """One output of ``nvidia-smi -q -x``.

    Attributes:
        driver: the driver's version.
        gpus: {path: text} of each GPU, in order.
    """

    driver: str
    gpus: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of one GPU.

    Attributes:
        fake: None where the fake's nvidia-smi does not print it.
        why: for an explained difference, the reason why the fake chooses otherwise.
    """

    gpu: int
    path: str
    real: str
    fake: str | None
    kind: Kind
    why: str = ""


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why leaves differ on purpose; ``machine`` and ``path`` are patterns of fnmatch."""

    path: str
    why: str
    machine: str = "*"


class Leaves(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of the comparison, from ``capture_rules.yaml``: patterns of paths.

    Attributes:
        identifiers: leaves that are different on every machine.
        readings: leaves that change by themselves or by use.
        explained: differences that are meant.
    """

    identifiers: tuple[str, ...]
    readings: tuple[str, ...]
    explained: tuple[Explanation, ...] = field(default=())


def rules() -> Leaves:
    """The shipped rules."""
    return msgspec.yaml.decode(files("fake_nvml").joinpath("capture_rules.yaml").read_bytes(), type=Leaves)


def read_file(path: Path) -> Capture:
    """The capture in a file.

    Raises:
        UsageError: it cannot be read, or is no output of ``nvidia-smi -q -x``.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(SIZE_MAX + 1)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}; wanted the output of: nvidia-smi -q -x -f FILE"
        raise UsageError(message) from error
    if len(raw) > SIZE_MAX:
        message = f"{path} has more than {SIZE_MAX >> 20} MiB; wanted the output of: nvidia-smi -q -x -f FILE"
        raise UsageError(message)
    return read(raw, str(path))


def read(raw: bytes, name: str) -> Capture:
    """The capture in RAW; NAME is for errors.

    Raises:
        UsageError: it is no output of ``nvidia-smi -q -x``.
    """
    if b"<!ENTITY" in raw:
        message = f"{name} declares XML entities, which nvidia-smi never does"
        raise UsageError(message)
    try:
        root = ET.fromstring(raw)  # noqa: S314 # bounded, and entities were refused above
    except ET.ParseError as error:
        message = f"{name} is not XML ({error}); wanted the output of: nvidia-smi -q -x -f FILE"
        raise UsageError(message) from error
    if root.tag != "nvidia_smi_log":
        message = f"{name} begins with <{root.tag}>, wanted <nvidia_smi_log> as nvidia-smi -q -x prints it"
        raise UsageError(message)
    driver = (root.findtext("driver_version") or "").strip()
    return Capture(driver, tuple(dict(_leaves(gpu, "")) for gpu in root.iter("gpu")))


def _leaves(element: ET.Element, prefix: str) -> Iterator[tuple[str, str]]:
    total = Counter(child.tag for child in element)
    seen: Counter[str] = Counter()
    for child in element:
        number = f"[{seen[child.tag]}]" if total[child.tag] > 1 else ""
        seen[child.tag] += 1
        path = f"{prefix}{child.tag}{number}"
        if len(child):
            yield from _leaves(child, f"{path}/")
        else:
            yield path, (child.text or "").strip()


def compare(real: Capture, fake: Capture, machine: str, leaves: Leaves) -> list[Leaf]:
    """Every leaf of REAL with what FAKE prints there; a GPU that FAKE lacks prints nothing."""
    found = []
    for number, gpu in enumerate(real.gpus):
        other = fake.gpus[number] if number < len(fake.gpus) else {}
        for path, text in gpu.items():
            found.append(_judge(number, path, text, other.get(path), machine, leaves))
    return found


def _judge(gpu: int, path: str, real: str, fake: str | None, machine: str, leaves: Leaves) -> Leaf:
    kind: Kind
    why = ""
    if fake == real:
        kind = "agrees"
    elif _matches(path, leaves.identifiers):
        kind = "identifier"
    elif _matches(path, leaves.readings):
        kind = "reading"
    elif reason := next((e.why for e in leaves.explained if _fits(e, path, machine)), ""):
        kind, why = "explained", reason
    else:
        kind = "not printed" if fake is None else "differs"
    return Leaf(gpu, path, real, fake, kind, why)


def _fits(explanation: Explanation, path: str, machine: str) -> bool:
    return fnmatch.fnmatchcase(path, explanation.path) and fnmatch.fnmatchcase(machine, explanation.machine)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def fake_capture(machine: str, *, driver: str | None = None) -> Capture:
    """What the fake's own nvidia-smi prints on MACHINE.

    Raises:
        UsageError: there is no such machine or driver.
        EnvironmentFault: the node or the program does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="fake-nvml-") as name,
        Session(machine, Path(name), driver=driver) as node,
    ):
        command = [sys.executable, "-m", "fake_nvml.programs.nvidia_smi", "-q", "-x"]
        done = subprocess.run(
            command, env=dict(node.environment), capture_output=True, timeout=TIMEOUT_S, check=False
        )
    if done.returncode:
        message = f"nvidia-smi -q -x ended with {done.returncode} on {machine}: {done.stderr.decode()[-300:]}"
        raise EnvironmentFault(message)
    return read(done.stdout, f"nvidia-smi -q -x on {machine}")


def run_compare(path: Path, machine: str, *, as_json: bool) -> int:
    """The command: print every leaf that differs, and how many agree; 1 if a difference has no explanation."""
    real = read_file(path)
    found = compare(real, fake_capture(machine), machine, rules())
    open_ones = [leaf for leaf in found if leaf.kind in ("differs", "not printed")]
    if as_json:
        print(json.dumps([msgspec.to_builtins(leaf) for leaf in found], indent=1))  # noqa: T201 # the command's output
        return int(bool(open_ones))
    shown: dict[tuple[str, str, str | None], list[int]] = {}
    for leaf in found:
        if leaf.kind in ("explained", "differs", "not printed"):
            shown.setdefault((leaf.path, leaf.real, leaf.fake), []).append(leaf.gpu)
    reasons = {leaf.path: leaf.why for leaf in found if leaf.kind == "explained"}
    for (leaf_path, text, fake), gpus in shown.items():
        print(f"{leaf_path}  (GPU {', '.join(map(str, gpus))})")  # noqa: T201 # the same
        print(f"  real   {text}\n  fake   {'(not printed)' if fake is None else fake}")  # noqa: T201 # the same
        if why := reasons.get(leaf_path):
            print(f"  why    {why}")  # noqa: T201 # the same
    counts = Counter(leaf.kind for leaf in found)
    print(", ".join(f"{count} {kind}" for kind, count in counts.most_common()))  # noqa: T201 # the same
    return int(bool(open_ones))
