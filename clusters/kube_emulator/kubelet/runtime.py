"""The containers of a node: what a container runtime keeps, so it outlives the kubelet but not a reboot.

A container is a record of what it would see (``containers/<namespace>_<pod>/<container>.json`` in the node's folder).
With ``RUN_ANNOTATION`` set to ``"true"`` on the pod its command runs as a process of this machine as well; the annotation
is the pod's, so that one cluster can have both and a manifest says what it needs. Without it a container runs until the
pod ends, and an init container succeeds at once.
"""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dra_api.objects import ContainerSpec, Pod
from kube_emulator.clock import Clock
from kube_emulator.kubelet import processes
from kube_emulator.kubelet.cdi import ContainerView, container_view
from kube_emulator.kubelet.pod_environment import expanded
from kube_emulator.kubelet.pod_identity import hostname_of, hosts_of, resolv_conf_of
from kube_emulator.kubelet.pod_volumes import identity_mounts, mounts_of
from kube_emulator.kubelet.probes import probes_of
from kube_emulator.kubelet.processes import Process
from kube_emulator.kubelet.volume_files import VolumeFile
from kube_emulator.node_paths import NodePaths

RUN_ANNOTATION = "dra-conformance.dev/run"
RUNTIME = "embedded"
"""The scheme of container ids and the name in ``nodeInfo.containerRuntimeVersion``."""
START_ERROR_CODE = 128
NEVER = "1970-01-01T00:00:00Z"
"""When a container was started that was not."""
LOST_CODE = 255
"""The exit code that containerd gives a container whose end it did not see."""


@dataclass(slots=True)
class Container:
    """A container that was made.

    Attributes:
        started: a time stamp; empty before its first start.
        finished: a time stamp; empty while it runs.
        last: its previous run, once it was started again.
        started_up: whether its startup probe has passed; true without one.
        post_started: whether its hook postStart was run.
        ready: whether its readiness probe passes; true without one.
    """

    name: str
    id: str = ""
    started: str = ""
    finished: str = ""
    code: int = 0
    reason: str = ""
    message: str = ""
    restarts: int = 0
    process: Process | None = None
    last: "Container | None" = None
    started_up: bool = True
    ready: bool = True
    post_started: bool = False

    @property
    def running(self) -> bool:
        """Whether it was started and did not end."""
        return bool(self.started) and not self.finished

    @property
    def done(self) -> bool:
        """Whether it ended."""
        return bool(self.finished)


@dataclass(slots=True)
class Sandbox:
    """A pod that the runtime has.

    Attributes:
        containers: by name, init containers too.
    """

    ip: str
    folder: Path
    containers: dict[str, Container] = field(default_factory=dict)


class Runtime:
    """The container runtime of one node.

    Attributes:
        sandboxes: {pod UID: what runs of it}.
        lost: {pod UID: what ran of it before the node's last boot}, until it runs again.
    """

    def __init__(self, node: NodePaths, clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self.sandboxes: dict[str, Sandbox] = {}
        self.lost: dict[str, Sandbox] = {}
        self._dying: list[Process] = []

    def write_volumes(self, pod: Pod, volumes: Mapping[str, Sequence[VolumeFile]]) -> None:
        """Write the files of POD's volumes, {name: files}; each file is the old or the new one at any moment."""
        for name, files in volumes.items():
            for file in files:
                path = folder_of(self._node, pod) / "volumes" / name / file.path
                if path.is_file() and path.read_bytes() == file.content:
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                draft = path.with_name(f".{path.name}.new")
                draft.write_bytes(file.content)
                draft.chmod(file.mode)
                draft.replace(path)

    def make_sandbox(self, pod: Pod, ip: str, host_ip: str) -> Sandbox:
        """The sandbox of POD, new or there already."""
        metadata, folder = pod["metadata"], folder_of(self._node, pod)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_run(pod):
            write_identity(folder / "etc", pod, ip, host_ip)
        before = self.lost.pop(metadata["uid"], None)
        names = {spec["name"] for spec in pod["spec"]["containers"]}
        lost = {name: one for name, one in before.containers.items() if name in names} if before else {}
        return self.sandboxes.setdefault(metadata["uid"], Sandbox(ip, folder, lost))

    async def start(
        self, pod: Pod, spec: ContainerSpec, environment: Mapping[str, str], cdi_ids: list[str]
    ) -> None:
        """Start a container of POD, or start it again.

        Raises:
            InjectionError: a CDI device is not there.
            CannotCreate: it has no command.
            CannotStart: its command does not run on this machine, or a hook failed; the container has ended.
        """
        sandbox, container_id = self.sandboxes[pod["metadata"]["uid"]], uuid.uuid4().hex
        view = self._view(pod, spec, environment, cdi_ids, sandbox.folder)
        before, process = sandbox.containers.get(spec["name"]), None
        if is_run(pod):
            run = before.restarts + 1 if before else 0
            log_of(sandbox, spec["name"], run - 2).unlink(missing_ok=True)
            log_file = log_of(sandbox, spec["name"], run)
            try:
                process = await processes.start(
                    view, sandbox.folder, spec["name"], container_id, log_file=log_file
                )
            except processes.CannotStart as error:
                self._never_started(sandbox, spec["name"], container_id, str(error))
                raise
        asked = {probe.kind for probe in probes_of(spec)} if process is not None else set()
        sandbox.containers[spec["name"]] = Container(
            spec["name"],
            id=container_id,
            started=self._clock.stamp(),
            process=process,
            restarts=before.restarts + 1 if before else 0,
            last=before,
            started_up="startupProbe" not in asked
            and not (process and (spec.get("lifecycle") or {}).get("postStart")),
            ready="readinessProbe" not in asked,
        )
        if before:
            before.last = None

    def _never_started(self, sandbox: Sandbox, name: str, container_id: str, why: str) -> None:
        """A container whose start failed, as containerd reports it (internal/cri/server/container_start.go)."""
        before = sandbox.containers.get(name)
        sandbox.containers[name] = Container(
            name,
            id=container_id,
            started=NEVER,
            finished=self._clock.stamp(),
            code=START_ERROR_CODE,
            reason="StartError",
            message=why,
            restarts=before.restarts + 1 if before else 0,
            last=before,
        )
        if before:
            before.last = None

    def _view(
        self, pod: Pod, spec: ContainerSpec, environment: Mapping[str, str], cdi_ids: list[str], folder: Path
    ) -> ContainerView:
        """What the container sees; it is written down, too."""
        mounts = mounts_of(pod, spec, self._node, folder)
        if is_run(pod):
            for place in (Path(mount["hostPath"]) for mount in mounts):
                if place.is_relative_to(folder) and not place.exists():
                    place.mkdir(parents=True)
            mounts += identity_mounts(spec, folder)
        view: ContainerView = {
            "image": spec.get("image", ""),
            "command": [
                expanded(part, environment)
                for part in [*(spec.get("command") or []), *(spec.get("args") or [])]
            ],
            "workingDir": spec.get("workingDir", ""),
            "hostname": hostname_of(pod),
            **container_view(self._node.cdi_dir, cdi_ids, environment, mounts),
        }
        (folder / f"{spec['name']}.json").write_text(json.dumps(view, indent=1))
        return view

    def log_of(self, uid: str, name: str, container_id: str) -> Path | None:
        """The file with what a run of a container printed, by the id in the pod's status; None if it is not known any more.

        A container keeps two runs, the last one and the one before, as a kubelet does (MaxPerPodContainer).
        """
        sandbox = self.sandboxes.get(uid) or self.lost.get(uid)
        container = sandbox.containers.get(name) if sandbox else None
        runs = [container, container.last] if container else []
        found = next((one for one in runs if one and f"{RUNTIME}://{one.id}" == container_id), None)
        return log_of(sandbox, name, found.restarts) if sandbox and found else None

    async def execute(self, uid: str, name: str, command: list[str], limit_s: float) -> tuple[int, str]:
        """(exit code, output) of COMMAND in a container; one that is no process has nothing to say."""
        sandbox = self.sandboxes.get(uid)
        container = sandbox.containers.get(name) if sandbox else None
        if sandbox is None or container is None or container.process is None or not container.running:
            return 0, ""
        return await processes.execute(container.process, sandbox.folder, name, command, limit_s, self._clock)

    async def wait(self, container: Container) -> None:
        """Wait until a container that is a process has ended."""
        if container.process is not None and not container.done:
            self._ended(container, await container.process.wait())

    async def stop(self, container: Container, grace_s: float) -> None:
        """End a container."""
        if not container.running:
            return
        if container.process is not None:
            await container.process.end(grace_s, self._clock)
            self._ended(container, await container.process.wait())
        else:
            self._ended(container, 0)

    def _ended(self, container: Container, code: int) -> None:
        if not container.done:
            container.finished, container.code = self._clock.stamp(), code
            container.reason = "Completed" if code == 0 else "Error"

    def remove(self, uid: str) -> None:
        """Forget a pod and its files; what still runs of it is killed."""
        self.lost.pop(uid, None)
        sandbox = self.sandboxes.pop(uid, None)
        if sandbox is not None:
            for container in sandbox.containers.values():
                if container.running:
                    self._kill(container)
            shutil.rmtree(sandbox.folder, ignore_errors=True)

    def _kill(self, container: Container) -> None:
        if container.process is not None:
            container.process.kill()
            self._dying = [*(one for one in self._dying if one.alive), container.process]

    async def end_all(self) -> None:
        """Kill every process and wait until it is gone."""
        for process in self._dying:
            await process.wait()
        every = [one for sandbox in self.sandboxes.values() for one in sandbox.containers.values()]
        for container in every:
            await self.stop(container, 0)

    def lose_power(self) -> None:
        """The machine loses power: everything that ran is gone and nobody saw how."""
        for sandbox in self.sandboxes.values():
            for container in sandbox.containers.values():
                if container.running:
                    self._kill(container)
                    container.finished, container.code = self._clock.stamp(), LOST_CODE
                    container.reason = "Unknown"
        self.lost |= self.sandboxes
        self.sandboxes = {}


def write_identity(folder: Path, pod: Pod, ip: str, host_ip: str) -> None:
    """Write what a pod has of its own in ``/etc``."""
    machine = Path("/etc/resolv.conf")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hostname").write_text(f"{hostname_of(pod)}\n")
    (folder / "hosts").write_text(hosts_of(pod, ip, host_ip))
    known = machine.read_text(errors="replace") if machine.is_file() else ""
    (folder / "resolv.conf").write_text(resolv_conf_of(pod, known))


def folder_of(node: NodePaths, pod: Pod) -> Path:
    """Where the containers of POD have their files."""
    metadata = pod["metadata"]
    return node.directory / "containers" / f"{metadata['namespace']}_{metadata['name']}"


def log_of(sandbox: Sandbox, container: str, run: int) -> Path:
    """The file with what the RUNth run of a container prints."""
    return sandbox.folder / f"{container}.{run}.log"


def is_run(pod: Pod) -> bool:
    """Whether the pod's commands run as processes."""
    return (pod["metadata"].get("annotations") or {}).get(RUN_ANNOTATION) == "true"
