"""One real node: containerd and kubelet in a mount and a process namespace, which end with the node, whatever ran in it."""

import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dra_clusters.errors import EnvironmentFault
from dra_clusters.guard import ProcessGuard
from dra_clusters.images.archive import Image, ImageFile, write_archive
from dra_clusters.node import cleanup, config, containers
from dra_clusters.node.config import Layout
from dra_clusters.node.programs import NodePrograms
from dra_clusters.provider import ContainerView, Node

START_S, STEP_S = 60.0, 30.0
CTR_NAMESPACE = "k8s.io"


def plan_layout(node: Node, root: Path) -> Layout:
    """Names and addresses that nothing on this machine has."""
    routes = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, check=True).stdout
    third = next((n for n in range(1, 255) if f"10.244.{n}." not in routes), None)
    if third is None:
        message = "no free subnet in 10.244.0.0/16 for a node; remove bridges of ended clusters (ip link)"
        raise EnvironmentFault(message)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = (one.getsockname()[1], other.getsockname()[1])
    return Layout(
        name=node.name,
        stem=f"dra{secrets.token_hex(3)}",
        root=root,
        cdi=node.cdi_dir,
        subnet=f"10.244.{third}",
        kubelet_port=ports[0],
        healthz_port=ports[1],
    )


def pause_program(folder: Path) -> bytes:
    """The program of the pause image, linked statically.

    Raises:
        EnvironmentFault: it cannot be compiled.
    """
    source, target = Path(__file__).with_name("pause.c"), folder / "pause"
    done = subprocess.run(
        ["cc", "-static", "-Os", "-s", "-o", str(target), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"cannot compile the pause program: {done.stderr.strip()[-300:]}"
        raise EnvironmentFault(message)
    return target.read_bytes()


def node_image(pause: bytes, busybox: bytes) -> Image:
    """The image of sandboxes and of the behaviours' pods: without a command it waits, and it has a shell."""
    files = {
        "pause": ImageFile(content=pause, mode=0o755),
        "bin/busybox": ImageFile(content=busybox, mode=0o755),
        **{f"bin/{name}": ImageFile(link="busybox") for name in config.APPLETS},
    }
    return Image(
        names=(config.PAUSE, *config.IDLE), files=files, entrypoint=("/pause",), folders=("tmp", "etc")
    )


class RealNode:
    """A node that runs from ``start`` to ``stop``."""

    def __init__(
        self,
        layout: Layout,
        programs: NodePrograms,
        kubeconfig: Path,
        client_authority: Path,
        guard: ProcessGuard,
    ) -> None:
        self.layout = layout
        self._programs = programs
        self._kubeconfig = kubeconfig
        self._client_authority = client_authority
        self._guard = guard
        self._namespace: subprocess.Popen[str] | None = None
        self._init = 0
        self._entered: dict[str, subprocess.Popen[bytes]] = {}

    def add_bridge(self) -> None:
        """Give the node its address, which is taken from then on.

        Raises:
            EnvironmentFault: that is refused.
        """
        bridge, address = self.layout.bridge, f"{self.layout.address}/24"
        self._guard.on_death([sys.executable, "-m", cleanup.__name__, self.layout.stem])
        self._command("ip", "link", "add", bridge, "type", "bridge")
        self._command("ip", "address", "add", address, "dev", bridge)
        self._command("ip", "link", "set", bridge, "up")

    def start(self) -> None:
        """Start containerd, import the images and start the kubelet, which then registers the node.

        Raises:
            EnvironmentFault: a step failed; the message has the end of the log.
        """
        self._write_files()
        cleanup.make_cgroups(self.layout.stem)
        self._enter_namespaces()
        self.start_runtime()
        self._import_images()
        self.start_kubelet()

    def _write_files(self) -> None:
        layout = self.layout
        for folder in ("run", "root", "cni", "pki", "logs"):
            (layout.runtime / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, value in config.SYSCTLS.items():
            file = layout.runtime / "sysctl" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{value}\n")
        (layout.runtime / "containerd.toml").write_text(config.containerd_config(layout, self._programs))
        (layout.runtime / "cni/10-dra.conflist").write_text(json.dumps(config.cni_config(layout)))
        settings = config.kubelet_config(layout, self._client_authority)
        (layout.runtime / "kubelet.json").write_text(json.dumps(settings, indent=1))

    def _command(self, *argv: str) -> str:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=STEP_S)
        if done.returncode:
            message = f"{' '.join(argv)} failed on node {self.layout.name}: {done.stderr.strip()[-500:]}"
            raise EnvironmentFault(message)
        return done.stdout

    def _enter_namespaces(self) -> None:
        script = config.namespace_script(self.layout)
        flags = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with (self.layout.runtime / "namespace.log").open("w") as log:
            self._namespace = subprocess.Popen(
                ["unshare", *flags, "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._guard.add(self._namespace.pid)
        assert self._namespace.stdout is not None
        if self._namespace.stdout.readline() != "ready\n":
            message = f"cannot make the namespaces of node {self.layout.name}: {self.tail('namespace')}"
            raise EnvironmentFault(message)
        pid = self._namespace.pid
        self._init = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def _inside(self, *argv: str) -> list[str]:
        return ["nsenter", "--target", str(self._init), "--mount", "--pid", "--", *argv]

    def _run(self, name: str, *argv: str) -> None:
        path = {"PATH": f"{self._programs.containerd}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}
        with (self.layout.runtime / f"{name}.log").open("ab") as log:
            self._entered[name] = subprocess.Popen(
                self._inside(*argv),
                env=path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._guard.add(self._entered[name].pid)

    def start_runtime(self) -> None:
        """Start containerd, and wait until it listens."""
        program = self._programs.containerd / "containerd"
        self._run("containerd", str(program), "--config", f"{self.layout.runtime}/containerd.toml")
        deadline = time.monotonic() + START_S
        while not listens(self.layout.socket):
            if self._entered["containerd"].poll() is not None or time.monotonic() > deadline:
                message = f"containerd of node {self.layout.name} does not start: {self.tail('containerd')}"
                raise EnvironmentFault(message)
            time.sleep(0.01)

    def start_kubelet(self) -> None:
        """Start the kubelet."""
        self._run(
            "kubelet", str(self._programs.kubelet), *config.kubelet_flags(self.layout, self._kubeconfig)
        )

    def end(self, name: str) -> None:
        """Kill ``kubelet`` or ``containerd``, as a crash does; containers go on."""
        process = self._entered.pop(name)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in children:
            subprocess.run(["kill", "-KILL", pid], check=False)
        process.wait()
        self._guard.discard(process.pid)

    def check_alive(self) -> None:
        """Check that everything of the node runs.

        Raises:
            EnvironmentFault: something ended.
        """
        for name, process in self._entered.items():
            if process.poll() is not None:
                message = f"{name} of node {self.layout.name} ended with code {process.returncode}: {self.tail(name)}"
                raise EnvironmentFault(message)

    def tail(self, name: str) -> str:
        """The end of the log of ``kubelet``, ``containerd`` or ``namespace``."""
        log = self.layout.runtime / f"{name}.log"
        return log.read_text(errors="replace")[-1500:] if log.is_file() else f"no {log.name}"

    def _ctr(self, *arguments: str) -> str:
        program = str(self._programs.containerd / "ctr")
        address = ("--address", str(self.layout.socket), "--namespace", CTR_NAMESPACE)
        return self._command(*self._inside(program, *address, *arguments))

    def _import_images(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.layout.runtime) as scratch:
            archive = Path(scratch) / "images.tar"
            busybox = self._programs.busybox.read_bytes()
            write_archive(archive, [node_image(pause_program(Path(scratch)), busybox)])
            self.load(archive)

    def load(self, archive: Path) -> None:
        """Import the images of an OCI archive."""
        self._ctr("images", "import", str(archive))

    def container(self, namespace: str, pod: str, name: str) -> ContainerView:
        """What a container of a pod was given, from its OCI specification.

        Raises:
            EnvironmentFault: there is no such container.
        """
        filters = containers.labels(namespace, pod, name)
        found = self._ctr("containers", "list", "--quiet", filters).split()
        if not found:
            raise containers.absent(self.layout.name, namespace, pod, name)
        return containers.view(json.loads(self._ctr("containers", "info", "--spec", found[-1])))

    def stop(self) -> None:
        """End everything of the node, containers too, and remove what it left; idempotent."""
        if self._namespace is not None:
            self._namespace.kill()  # --kill-child ends the first process, and the kernel all others of its namespace
            self._namespace.wait()
            assert self._namespace.stdout is not None
            self._namespace.stdout.close()
            self._guard.discard(self._namespace.pid)
            self._namespace = None
        for process in self._entered.values():
            process.wait()
            self._guard.discard(process.pid)
        self._entered.clear()
        cleanup.clean(self.layout.stem)
        shutil.rmtree(self.layout.runtime, ignore_errors=True)


def listens(path: Path) -> bool:
    """Whether a Unix socket accepts connections."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
