"""The Python examples of a README as test data: each fenced ``python`` block is run, and checked by ``mypy --strict``.

A block that defines test functions is run by pytest in a process of its own; any other block is executed as a script.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Example:
    """One block; ``line`` is that of its first statement in the README."""

    readme: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"line-{self.line}"

    @property
    def is_test_module(self) -> bool:
        """Whether pytest runs it."""
        return re.search(r"^def test_", self.text, re.MULTILINE) is not None


def examples_of(readme: Path) -> list[Example]:
    """The ``python`` blocks of README, in order."""
    text = readme.read_text(encoding="utf-8")
    return [Example(readme, text[: m.start(1)].count("\n") + 1, m[1]) for m in FENCE.finditer(text)]


def run(example: Example, folder: Path) -> None:
    """Run EXAMPLE in FOLDER.

    Raises:
        AssertionError: it failed; the text has its output.
    """
    path = folder / f"test_example_{example.line}.py"
    path.write_text(example.text, encoding="utf-8")
    runner = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if example.is_test_module else []
    _succeeds([sys.executable, *runner, path.name], folder, example)


def check_types(examples: list[Example], folder: Path) -> None:
    """Check EXAMPLES with ``mypy --strict``, each as a module of its own.

    Raises:
        AssertionError: mypy reports something.
    """
    for example in examples:
        (folder / f"example_{example.line}.py").write_text(example.text, encoding="utf-8")
    names = [f"example_{example.line}.py" for example in examples]
    # silent: what the examples import is checked with the settings of this project, not here
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", *names]
    _succeeds(command, folder, examples[0])


def _succeeds(command: list[str], folder: Path, example: Example) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, f"{example.readme}, {example}:\n{done.stdout}{done.stderr}"
