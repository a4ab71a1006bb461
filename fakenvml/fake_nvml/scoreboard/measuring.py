"""``fake-nvml scoreboard``: how much of NVML has behaviour, measured by walking the library, not counted from source.

A client process walks every symbol that nvidia-ml-py uses, on several machines and in several states of each. A
symbol has behaviour if the same call, with the same arguments, was answered in different ways, one of them a success
(so the answer follows the model), or if its success changed what another call answers. Constant answers do not count.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

from fake_nvml import build
from fake_nvml.errors import EnvironmentFault
from fake_nvml.scoreboard.symbols import MIG, field_ids, handle_getters, symbols
from fake_nvml.session import Session

MACHINES = ("dgx-b200", "dgx-a100", "gb200-nvl72", "rtx-pro-6000-ws", "t4")
TARGET = "dgx-b200"
IN_CHILD = "import sys; from fake_nvml.scoreboard.walking import walk_machine; walk_machine(*sys.argv[1:])"


class Walked(TypedDict):
    """What a client saw of one machine: ``seen`` is {symbol: {arguments: (return code, answer)}}."""

    fields: int
    missing: list[str]
    handle_getters: list[str]
    seen: dict[str, dict[str, list[tuple[int, str]]]]
    effective: list[str]


class Scoreboard(TypedDict):
    """How much of NVML has behaviour."""

    nvidia_ml_py: str
    symbols: int
    symbols_exported: int
    symbols_with_behaviour: int
    handle_getters: int
    handle_getters_answering: int
    fields: int
    fields_answering: int
    mig_functions: int
    setters: int
    setters_shared: int
    without_behaviour: list[str]
    getters_not_answering: list[str]
    seconds: float


def walked(name: str) -> Walked:
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
    found: Walked = json.loads(done.stdout)
    return found


def measure() -> Scoreboard:
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
    rows = {
        "symbols_exported": (found["symbols_exported"], found["symbols"]),
        "symbols_with_behaviour": (found["symbols_with_behaviour"], found["symbols"]),
        "handle_getters_answering": (found["handle_getters_answering"], found["handle_getters"]),
        "fields_answering": (found["fields_answering"], found["fields"]),
        "mig_functions": (found["mig_functions"], 0),
        "setters_shared": (found["setters_shared"], found["setters"]),
    }
    for name, (count, total) in rows.items():
        print(f"{name:26} {count:>4}{f' of {total}' if total else ''}")  # noqa: T201 # the same
