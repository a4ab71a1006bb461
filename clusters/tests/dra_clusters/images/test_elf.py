"""Which libraries a program needs, against what the machine's own loader says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dra_clusters.images.elf import closure, is_elf, needed


def test_a_program_needs_the_libraries_that_the_loader_loads(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("#include <math.h>\nint main(int c, char **v) { return (int)cos(c); }\n")
    subprocess.run(["cc", "-o", "a", "a.c", "-lm"], cwd=tmp_path, check=True)
    names = needed((tmp_path / "a").read_bytes())
    assert {"libc.so.6", "libm.so.6"} <= set(names)
    assert any(name.startswith("ld-linux") for name in names)


def test_a_program_that_is_linked_statically_needs_none(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-static", "-o", "a", "a.c"], cwd=tmp_path, check=True)
    assert needed((tmp_path / "a").read_bytes()) == []


def test_a_script_needs_none() -> None:
    assert not is_elf(b"#!/bin/sh\n")
    assert needed(b"#!/bin/sh\n") == []


def test_what_libraries_need_is_needed_too() -> None:
    told = subprocess.run(["ldd", sys.executable], capture_output=True, text=True, check=False).stdout
    paths = {name: Path(path) for name, path in re.findall(r"(\S+) => (/\S+)", told)}
    if not paths:
        pytest.skip("this Python is linked statically")
    interpreter = {name: Path(f"/lib64/{name}") for name in re.findall(r"/lib64/(\S+)", told)}
    names = closure(
        needed(Path(sys.executable).read_bytes()), lambda name: (paths | interpreter)[name].read_bytes()
    )
    assert set(paths) <= set(names)
