"""The program kind: on the PATH, in the cache, or built into it from its Go module."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from dra_clusters.binaries.build import cache, go
from dra_clusters.errors import EnvironmentFault

MODULE, VERSION = "sigs.k8s.io/kind", "v0.33.0"


def folder() -> Path:
    """Where everything that is kept for kind is."""
    return cache().parent / "kind"


def find_or_build() -> Path:
    """The program.

    Raises:
        EnvironmentFault: it is not here and cannot be built.
    """
    if found := shutil.which("kind"):
        return Path(found)
    target = folder() / "kind"
    if target.is_file():
        return target
    if shutil.which("go") is None:
        message = f"no kind on the PATH and no Go to build it; install kind ({MODULE}@{VERSION})"
        raise EnvironmentFault(message)
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dra-kind-") as scratch:
        module = Path(scratch)
        start_module(module)
        go("build", "-ldflags", "-s -w", "-o", "kind", MODULE, folder=module, what=f"building kind {VERSION}")
        partial = target.with_name(f".kind.{os.getpid()}")
        shutil.move(module / "kind", partial)
        partial.replace(target)
    return target


def sources() -> Path:
    """The sources of kind's module, which have the files of its node image.

    Raises:
        EnvironmentFault: they cannot be downloaded.
    """
    with tempfile.TemporaryDirectory(prefix="dra-kind-") as scratch:
        module = Path(scratch)
        (module / "go.mod").write_text("module build\n")
        wanted = f"{MODULE}@{VERSION}"
        printed = go("mod", "download", "-json", wanted, folder=module, what=f"downloading {wanted}")
    return Path(json.loads(printed)["Dir"])


def start_module(module: Path) -> None:
    """A module that requires kind, so that its version is that of ``VERSION`` with the dependencies that it names."""
    (module / "go.mod").write_text(f"module build\n\ngo 1.24.0\n\nrequire {MODULE} {VERSION}\n")
    (module / "tools.go").write_text(f'//go:build tools\n\npackage build\n\nimport _ "{MODULE}"\n')
    go("mod", "tidy", folder=module, what="resolving modules")
