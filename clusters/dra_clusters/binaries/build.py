"""Finds the programs of a control plane, or builds them once with Go into the cache.

The Kubernetes module cannot be installed with ``go install``: its staging modules are required as v0.0.0. So a go.mod is
written that requires it with each of them replaced by the published module of the same release (k/k go.mod; staging/README.md).
``$KUBEBUILDER_ASSETS`` (controller-runtime's folder of test binaries) is searched before the cache.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.provider import check_release

KUBERNETES, ETCD = "k8s.io/kubernetes", "go.etcd.io/etcd/server/v3"
PROGRAMS = {
    "api": ("etcd", "kube-apiserver"),
    "scheduler": ("kube-scheduler",),
    "controllers": ("kube-controller-manager",),
    "kubelet": ("kubelet",),
    "node-image": ("kubeadm", "kubectl", "kube-proxy"),
}
"""The programs of each part, and those that a node image of kind needs besides."""

STEP_S = 1800
VERSION = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are.

    Attributes:
        paths: {program: file}, of those that are there.
    """

    folder: Path
    paths: Mapping[str, Path]

    @property
    def parts(self) -> frozenset[str]:
        """The parts that can be run."""
        return frozenset(part for part, needed in PROGRAMS.items() if all(n in self.paths for n in needed))


def cache() -> Path:
    """Where built programs are kept, a folder for each version."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dra-conformance" / "binaries"


def programs_in(folder: Path) -> Programs:
    """The programs in FOLDER."""
    names = [name for part in PROGRAMS.values() for name in part]
    return Programs(folder, {name: folder / name for name in names if (folder / name).is_file()})


def find(kubernetes: str) -> Programs:
    """The programs of ``$KUBEBUILDER_ASSETS``, or the newest built ones of the release.

    Raises:
        UsageError: there are none; the message says how to get them.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        found = programs_in(Path(assets))
        if "api" in found.parts:
            return found
        message = f"$KUBEBUILDER_ASSETS is {assets}, where etcd and kube-apiserver are not both"
        raise UsageError(message)
    built = [path for path in cache().glob(f"{kubernetes}.*") if re.fullmatch(r"[\d.]+", path.name)]
    for folder in sorted(built, key=lambda path: patch_number(path.name), reverse=True):
        found = programs_in(folder)
        if "api" in found.parts:
            return found
    message = (
        f"no binaries of Kubernetes {kubernetes} in {cache()} and $KUBEBUILDER_ASSETS is not set;"
        f" run: dra-cluster binaries build --kubernetes {kubernetes}"
    )
    raise UsageError(message)


def release_of(program: Path) -> str:
    """The release of a kube-apiserver, e.g. ``1.36``, as it says itself.

    Raises:
        EnvironmentFault: it does not say.
    """
    done = subprocess.run(
        [str(program), "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    match = re.search(r"v(\d+\.\d+)\.", done.stdout)
    if match is None:
        message = f"{program} --version: wanted a version, found {(done.stdout or done.stderr)[:200]!r}"
        raise EnvironmentFault(message)
    return match[1]


def say(text: str) -> None:
    """Progress."""
    sys.stderr.write(f"dra-cluster: {text}\n")
    sys.stderr.flush()


def go(*arguments: str, folder: Path, what: str) -> str:
    """Run Go in FOLDER, with progress on standard error; returns what it printed.

    Raises:
        EnvironmentFault: it failed.
    """
    say(f"{what} ...")
    start = time.monotonic()
    environment = {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=mod -buildvcs=false", "CGO_ENABLED": "0"}
    try:
        done = subprocess.run(
            [shutil.which("go") or "go", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=STEP_S,
        )
    except subprocess.TimeoutExpired as error:
        message = f"go {arguments[0]} did not end within {STEP_S} s ({what})"
        raise EnvironmentFault(message) from error
    if done.returncode != 0:
        message = f"go {' '.join(arguments)} failed ({what}): {done.stderr.strip()[-1500:]}"
        raise EnvironmentFault(message)
    say(f"{what}: done in {time.monotonic() - start:.0f} s")
    return done.stdout


def newest_patch(versions: Iterable[str], kubernetes: str) -> str:
    """The newest released version of a minor among VERSIONS (``v1.36.3`` ...), without the v.

    Raises:
        EnvironmentFault: there is none.
    """
    pattern = re.compile(rf"v({re.escape(kubernetes)}\.\d+)")
    found = [match[1] for match in map(pattern.fullmatch, versions) if match]
    if not found:
        message = f"the Go module proxy has no release of Kubernetes {kubernetes}"
        raise EnvironmentFault(message)
    return max(found, key=patch_number)


def module_file(upstream: str, version: str) -> str:
    """The go.mod of a build, from that of the Kubernetes module.

    Staging modules are those that it requires as v0.0.0; etcd is that of its client.
    """
    language = re.search(r"^go (\S+)$", upstream, re.MULTILINE)
    etcd = re.search(r"go\.etcd\.io/etcd/client/v3 (\S+)", upstream)
    staging = re.findall(r"^\s*(k8s\.io/\S+) v0\.0\.0$", upstream, re.MULTILINE)
    minor, patch = version.split(".")[1:]
    lines = [
        "module build",
        f"go {language[1] if language else '1.24.0'}",
        f"require {KUBERNETES} v{version}",
        f"require {ETCD} {etcd[1] if etcd else 'latest'}",
        *(f"replace {name} => {name} v0.{minor}.{patch}" for name in dict.fromkeys(staging)),
    ]
    return "\n".join(lines) + "\n"


def packages(parts: Iterable[str]) -> dict[str, str]:
    """{program: Go package} of PARTS; the API server is always there."""
    names = [name for part in ("api", *sorted(set(parts) - {"api"})) for name in PROGRAMS.get(part, ())]
    return {name: ETCD if name == "etcd" else f"{KUBERNETES}/cmd/{name}" for name in names}


def build(kubernetes: str, parts: Collection[str]) -> Programs:
    """Build what is not in the cache; the programs.

    Raises:
        UsageError: an unknown release or part, or there is no Go toolchain.
        EnvironmentFault: a step failed, or the cache cannot be written.
    """
    check_release(kubernetes)
    if unknown := set(parts) - set(PROGRAMS):
        message = f"unknown parts {sorted(unknown)}; there are {', '.join(PROGRAMS)}"
        raise UsageError(message)
    if shutil.which("go") is None:
        message = "building needs a Go toolchain, and there is no go on the PATH; or set $KUBEBUILDER_ASSETS"
        raise UsageError(message)
    try:
        cache().mkdir(parents=True, exist_ok=True)
        scratch_folder = tempfile.TemporaryDirectory(prefix="dra-binaries-")
    except OSError as error:
        message = f"cannot write {error.filename or cache()}: {error.strerror}; set XDG_CACHE_HOME and TMPDIR to folders that can be written"
        raise EnvironmentFault(message) from error
    with scratch_folder as scratch:
        folder = Path(scratch)
        (folder / "go.mod").write_text("module build\n")
        listed = go("list", "-m", "-versions", KUBERNETES, folder=folder, what="asking for versions")
        version = newest_patch(listed.split()[1:], kubernetes)
        target = cache() / version
        wanted = {name: path for name, path in packages(parts).items() if not (target / name).is_file()}
        if wanted:
            prepare(folder, version, wanted.values())
        for name, package in wanted.items():
            compile_program(folder, target / name, package, version)
    return programs_in(target)


def prepare(folder: Path, version: str, imported: Iterable[str]) -> None:
    """Write the module and let Go complete it."""
    what = f"downloading {KUBERNETES} v{version}"
    downloaded = go("mod", "download", "-json", f"{KUBERNETES}@v{version}", folder=folder, what=what)
    upstream = Path(json.loads(downloaded)["GoMod"]).read_text()
    (folder / "go.mod").write_text(module_file(upstream, version))
    imports = "".join(f'import _ "{package}"\n' for package in imported)
    (folder / "tools.go").write_text(f"//go:build tools\n\npackage build\n\n{imports}")
    go("mod", "tidy", "-e", folder=folder, what="resolving modules")


def compile_program(folder: Path, target: Path, package: str, version: str) -> None:
    """Build one program; it appears in the cache when it is whole."""
    major, minor, _ = version.split(".")
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(["-s", "-w", *(f"-X {VERSION}.{name}={value}" for name, value in values.items())])
    made = folder / target.name
    go("build", "-ldflags", flags, "-o", str(made), package, folder=folder, what=f"building {target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.move(made, partial)
    partial.replace(target)


def patch_number(version: str) -> tuple[int, ...]:
    """``1.36.10`` as numbers, to sort by: it comes after ``1.36.9``."""
    return tuple(map(int, version.split(".")))
