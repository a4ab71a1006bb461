"""Changes to the hardware under the driver, by the hooks of the descriptor.

A check that needs a hook which the descriptor lacks does not apply. A hook that fails is a fault of the environment or of
the descriptor, never of the driver.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.drivers.parts import Hook
from dra_conformance.drivers.programs import CTL, find_program
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import not_applicable
from dra_conformance.harness.evidence import Evidence

TIMEOUT_S = 30.0
NO_DEVICE = {"device": "", "number": "", "pool": ""}
Device = tuple[str, str]
"""(pool, name)."""


class Levers:
    """The hooks of one harness."""

    def __init__(self, descriptor: Descriptor, places: Mapping[str, str], evidence: Evidence) -> None:
        self._hooks = descriptor.hooks.given()
        self._environment = descriptor.start.environment
        self._places = places
        self._evidence = evidence

    def require(self, *names: str) -> None:
        """Go on only if the descriptor has the hooks NAMES.

        Raises:
            NotApplicable: it lacks one.
        """
        for name in names:
            if name not in self._hooks:
                not_applicable(f"descriptor has no hook {name}")

    def has(self, name: str) -> bool:
        """Whether the descriptor has the hook NAME."""
        return name in self._hooks

    def pull(self, name: str, device: Device | None = None) -> str:
        """Run the hook NAME, for DEVICE if it is about one; what it printed.

        Raises:
            NotApplicable: the descriptor has no such hook.
            HarnessError: the hook failed.
        """
        self.require(name)
        hook, places = self._hooks[name], {**self._places, **placeholders(device)}
        about = f" of {'/'.join(device)}" if device else ""
        output = self._write(hook, places) if hook.file is not None else self._run(name, hook, places)
        self._evidence.add("hook", f"hook {name}{about}", output=output)
        return output

    def look(self, name: str) -> str:
        """What the hook NAME shows: what it prints, or the content of its file; empty without the file.

        Raises:
            NotApplicable: the descriptor has no such hook.
            HarnessError: the hook failed.
        """
        self.require(name)
        path = self.file(name)
        if path is None:
            return self.pull(name)
        text = path.read_text() if path.is_file() else ""
        self._evidence.add("hook", f"hook {name}", output=text)
        return text

    def file(self, name: str) -> Path | None:
        """The file of the hook NAME that is about no device; None if it is a command."""
        hook = self._hooks.get(name)
        return Path(hook.file.format_map({**self._places, **NO_DEVICE})) if hook and hook.file else None

    def _write(self, hook: Hook, places: Mapping[str, str]) -> str:
        """Replace the file in one step."""
        path = Path(str(hook.file).format_map(places))
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.new")
        scratch.write_text(hook.text.format_map(places))
        scratch.replace(path)
        return ""

    def _run(self, name: str, hook: Hook, places: Mapping[str, str]) -> str:
        """Run the command.

        Raises:
            HarnessError: it fails.
        """
        command = hook.command or [CTL, "ctl", "--dir", "{machine_dir}", *(hook.ctl or ())]
        argv = [argument.format_map(places) for argument in command]
        environment = {key: value.format_map(places) for key, value in self._environment.items()}
        try:
            done = subprocess.run(
                [find_program(argv[0]), *argv[1:]],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
                env={**os.environ, **environment},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"hook {name} of the descriptor: {' '.join(argv)}: {error}"
            raise HarnessError(message) from error
        if done.returncode:
            text = (done.stderr or done.stdout).strip()[-500:]
            message = f"hook {name} of the descriptor: {' '.join(argv)} exited with {done.returncode}: {text}"
            raise HarnessError(message)
        return done.stdout


def placeholders(device: Device | None) -> Mapping[str, str]:
    """What a hook's arguments can say of DEVICE."""
    if device is None:
        return NO_DEVICE
    pool, name = device
    digits = re.search(r"[0-9]+$", name)
    return {"device": name, "pool": pool, "number": digits[0] if digits else ""}
