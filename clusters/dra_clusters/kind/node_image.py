"""Makes a node image of kind where the published one cannot be had or cannot run: Debian, containerd and our programs.

The published images are of a systemd and have a containerd that refuse cgroup v1. This one is Debian 12 by mmdebstrap with kind's own files of a node, which are taken from kind's Go module when the image is made, containerd as
for other real nodes, and images of the control plane that consist of nothing but the program built with Go.
"""

import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dra_clusters.binaries.build import Programs, cache, find, say
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.images.archive import Image, ImageFile, write_archive
from dra_clusters.images.elf import closure, needed
from dra_clusters.kind import program
from dra_clusters.kind.engine import Engine
from dra_clusters.node.debian import debian_archive
from dra_clusters.node.programs import fetch_containerd
from dra_clusters.node.real_node import node_image, pause_program

REPOSITORY = "localhost/dra-conformance/node"
SUITE = "bookworm"
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "conntrack",
    "iptables",
    "nftables",
    "iproute2",
    "ethtool",
    "util-linux",
    "mount",
    "kmod",
    "pigz",
    "procps",
    "hostname",
    "runc",
    "containernetworking-plugins",
    "ca-certificates",
)
HOOKS = (
    'rm -f "$1"/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service',
    'rm -f "$1"/lib/systemd/system/multi-user.target.wants/* "$1"/etc/systemd/system/*.wants/*',
    'rm -f "$1"/lib/systemd/system/local-fs.target.wants/* "$1"/lib/systemd/system/basic.target.wants/*',
    'rm -f "$1"/lib/systemd/system/sockets.target.wants/*udev* "$1"/lib/systemd/system/sockets.target.wants/*initctl*',
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale',
    'echo ReadKMsg=no >> "$1"/etc/systemd/journald.conf',
)
"""What the Dockerfile of kind's base image takes away: units that act on the machine instead of on the node."""

NFT = "usr/sbin/nft"
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib64", "lib/x86_64-linux-gnu")
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
UNITS = ("kubelet.service", "containerd.service", "undo-mount-hacks.service")
IMPORT_UNIT = """\
[Service]
ExecStartPost=/kind/bin/import-images.sh
"""
IMPORT_SCRIPT = """\
#!/bin/sh
# The control plane's images are imported where they run. The mark is beside them: both are on the node's volume.
set -e
mark=/var/lib/containerd/.dra-images
[ -e "$mark" ] && exit 0
ctr --namespace k8s.io images import /kind/images/every-node.tar
case "$(hostname)" in
*-control-plane*) ctr --namespace k8s.io images import /kind/images/control-plane.tar ;;
esac
touch "$mark"
"""
BUILD_S = 900.0


def needed_programs(kubernetes: str) -> Programs:
    """The built programs of a release.

    Raises:
        UsageError: some are not built.
    """
    programs = find(kubernetes)
    wanted = (*CONTROL_PLANE, "kubelet", "kubeadm", "kubectl", "kube-proxy")
    if lacking := [name for name in wanted if name not in programs.paths]:
        message = f"a node image of our own needs {', '.join(lacking)}; run: dra-cluster binaries build --kubernetes {kubernetes} --parts api,scheduler,controllers,kubelet,node-image"
        raise UsageError(message)
    return programs


def own_image(engine: Engine, kubernetes: str) -> str:
    """The name of our own node image, which the engine has afterwards.

    Raises:
        UsageError: the programs of the release are not built.
        EnvironmentFault: a step failed.
    """
    programs = needed_programs(kubernetes)
    version = programs.folder.name
    script = Path(__file__).read_bytes() + str(sorted(stamps(programs))).encode()
    name = f"{REPOSITORY}:v{version}-{hashlib.sha256(script).hexdigest()[:10]}"
    if engine.has_image(name):
        return name
    if shutil.which("mmdebstrap") is None:
        message = (
            "a node image of our own is made with mmdebstrap; install it (Debian: apt-get install mmdebstrap)"
        )
        raise EnvironmentFault(message)
    say(f"making the node image of Kubernetes {version}: a few minutes, once (about 1.5 GB)")
    base = base_archive()
    whole = program.folder() / f"node-{version}.tar"
    shutil.copyfile(base, whole)
    try:
        with tarfile.open(whole, "a", format=tarfile.PAX_FORMAT) as archive:
            for path, file in node_files(programs, base):
                add(archive, path, file)
        changes = (
            "ENV container=docker",
            "STOPSIGNAL SIGRTMIN+3",
            'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]',
        )
        flags = [flag for change in changes for flag in ("--change", change)]
        engine.run("import", *flags, str(whole), name, limit_s=BUILD_S)
    finally:
        whole.unlink(missing_ok=True)
    say(f"made {name}")
    return name


def stamps(programs: Programs) -> Iterator[tuple[str, int, int]]:
    """What says whether a program is still the same: name, size, time."""
    for name, path in programs.paths.items():
        found = path.stat()
        yield name, found.st_size, found.st_mtime_ns


def base_archive() -> Path:
    """Debian with what a node needs, as a tar; made once.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    digest = hashlib.sha256(repr((SUITE, PACKAGES, HOOKS)).encode()).hexdigest()[:10]
    target = program.folder() / f"base-{SUITE}-{digest}.tar"
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}")
    hooks = [f"--customize-hook={hook}" for hook in HOOKS]
    command = ["mmdebstrap", "--variant=essential", f"--include={','.join(PACKAGES)}", *hooks]
    say(f"taking Debian's {SUITE} with systemd ...")
    try:
        done = subprocess.run(
            [*command, "--format=tar", SUITE, str(partial), debian_archive()],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=BUILD_S,
        )
        if done.returncode:
            message = f"mmdebstrap failed: {done.stderr.strip()[-500:]}"
            raise EnvironmentFault(message)
        partial.replace(target)
    except subprocess.TimeoutExpired as error:
        message = f"mmdebstrap did not end within {BUILD_S:.0f} s"
        raise EnvironmentFault(message) from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def node_files(programs: Programs, base: Path) -> Iterator[tuple[str, ImageFile]]:
    """{path: file} of what is added to Debian."""
    yield from kind_files(program.sources() / "images/base/files")
    containerd = fetch_containerd(cache())
    for name in ("containerd", "containerd-shim-runc-v2", "ctr"):
        yield f"usr/local/bin/{name}", executable(containerd / name)
    for name in ("kubelet", "kubeadm", "kubectl"):
        yield f"usr/bin/{name}", executable(programs.paths[name])
    yield "opt/cni/bin", ImageFile(link="/usr/lib/cni")
    yield "etc/containerd/cri-base.json", ImageFile(content=runtime_spec(containerd / "ctr"))
    for unit in UNITS:
        yield (
            f"etc/systemd/system/multi-user.target.wants/{unit}",
            ImageFile(link=f"/etc/systemd/system/{unit}"),
        )
    yield "etc/systemd/system/systemd-binfmt.service", ImageFile(link="/dev/null")
    yield "etc/systemd/system/containerd.service.d/10-images.conf", ImageFile(content=IMPORT_UNIT.encode())
    yield "kind/bin/import-images.sh", ImageFile(content=IMPORT_SCRIPT.encode(), mode=0o755)
    yield "kind/version", ImageFile(content=f"v{programs.folder.name}".encode())
    for name, content in image_archives(programs, base).items():
        yield f"kind/images/{name}.tar", ImageFile(content=content)


def kind_files(folder: Path) -> Iterator[tuple[str, ImageFile]]:
    """Kind's own files of a node; programs are those of its two bin folders."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            inside = str(path.relative_to(folder))
            mode = 0o755 if inside.startswith(("usr/local/bin/", "kind/bin/")) else 0o644
            yield inside, ImageFile(content=path.read_bytes(), mode=mode)


def executable(path: Path) -> ImageFile:
    """A program."""
    return ImageFile(content=path.read_bytes(), mode=0o755)


def runtime_spec(ctr: Path) -> bytes:
    """The specification that containers start from: containerd's own without limits, which may not be raised here."""
    done = subprocess.run([str(ctr), "oci", "spec"], capture_output=True, check=True)
    spec = json.loads(done.stdout)
    spec["process"].pop("rlimits", None)
    return json.dumps(spec).encode()


def image_archives(programs: Programs, base: Path) -> Mapping[str, bytes]:
    """The archives of images that nodes import: those of every node, and the control plane's."""
    listed = image_names(programs)
    with tempfile.TemporaryDirectory(prefix="dra-images-") as scratch:
        folder = Path(scratch)
        idle = node_image(pause_program(folder), Path(shutil.which("busybox") or "busybox").read_bytes())
        pauses = tuple(name for name in listed if "/pause:" in name)
        every = [
            dataclasses.replace(idle, names=tuple(dict.fromkeys((*idle.names, *pauses)))),
            proxy_image(named(listed, "kube-proxy"), programs.paths["kube-proxy"], base),
        ]
        control = [program_image(named(listed, name), programs.paths[name]) for name in CONTROL_PLANE]
        write_archive(folder / "every.tar", every)
        write_archive(folder / "control.tar", control)
        return {
            "every-node": (folder / "every.tar").read_bytes(),
            "control-plane": (folder / "control.tar").read_bytes(),
        }


def named(listed: Sequence[str], name: str) -> str:
    """The image NAME of those that kubeadm listed."""
    return next(each for each in listed if f"/{name}:" in each)


def program_image(name: str, path: Path) -> Image:
    """An image that consists of one program, linked statically; kubeadm's pods name the program without its folder."""
    files = {f"usr/local/bin/{path.name}": executable(path)}
    return Image(
        names=(name,),
        files=files,
        entrypoint=(),
        environment={"PATH": "/usr/local/bin"},
        folders=("tmp", "etc"),
    )


def proxy_image(name: str, path: Path, base: Path) -> Image:
    """kube-proxy and the program nft that it runs, with its libraries out of BASE."""
    with tarfile.open(base) as archive:
        debian = TarFiles(archive)
        files = {"usr/local/bin/kube-proxy": executable(path)}
        nft = debian.read(NFT)
        files[NFT] = ImageFile(content=nft, mode=0o755)
        for library in closure(needed(nft), debian.library):
            place = "lib64" if library.startswith("ld-linux") else "lib/x86_64-linux-gnu"
            files[f"{place}/{library}"] = ImageFile(content=debian.library(library), mode=0o755)
    return Image(
        names=(name,),
        files=files,
        entrypoint=(),
        environment={"PATH": "/usr/local/bin:/usr/sbin"},
        folders=("tmp", "etc", "run"),
    )


class TarFiles:
    """Files of a tar of a whole system by their paths; links are followed."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members = {member.name.removeprefix("./"): member for member in archive.getmembers()}

    def library(self, name: str) -> bytes:
        """The library NAME.

        Raises:
            EnvironmentFault: there is none.
        """
        return self.read(next((p for p in (f"{f}/{name}" for f in LIBRARIES) if p in self._members), name))

    def read(self, path: str) -> bytes:
        """The file at PATH.

        Raises:
            EnvironmentFault: there is none.
        """
        member = self._members.get(path)
        if member is not None and member.issym():
            return self.read(os.path.normpath(Path(path).parent / member.linkname).lstrip("/"))
        content = member and self._archive.extractfile(member)
        if not content:
            message = f"Debian's {SUITE} has no file {path}, which the node image needs"
            raise EnvironmentFault(message)
        return content.read()


def image_names(programs: Programs) -> list[str]:
    """The images that kubeadm of this release wants."""
    command = [str(programs.paths["kubeadm"]), "config", "images", "list"]
    version = f"--kubernetes-version=v{programs.folder.name}"
    done = subprocess.run([*command, version], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        message = f"kubeadm does not list its images: {done.stderr.strip()[-300:]}"
        raise EnvironmentFault(message)
    return done.stdout.split()


def add(archive: tarfile.TarFile, path: str, file: ImageFile) -> None:
    """Add a file to a tar; the folders above it are there, or are made when it is unpacked."""
    info = tarfile.TarInfo(f"./{path}")
    info.mode, info.size = file.mode, len(file.content)
    if file.link:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, file.link, 0o777
    archive.addfile(info, io.BytesIO(file.content))
