"""A control plane of real programs on the loopback, in a folder of its own; ``down`` ends exactly what it started.

Ports are free ones at the moment of asking; if another program takes one first, everything is
started again with others. Nodes are objects only, unless real kubelets are asked for (``ClusterOptions.real_kubelet``).
"""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from dra_clusters.binaries.build import Programs, cache, find, release_of
from dra_clusters.binaries.flags import apiserver_flags, client_flags, etcd_flags, gate_flags
from dra_clusters.binaries.identity import (
    USERS,
    make_account_keys,
    make_kubelet_client,
    make_serving_certificate,
    make_tokens,
)
from dra_clusters.binaries.real_nodes import RealNodes, user_of
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.guard import ProcessGuard
from dra_clusters.node.programs import find_node_programs
from dra_clusters.provider import ClusterOptions, ContainerView, check_options, make_node
from dra_clusters.raw_client import NoAnswer, RawClient
from kube_emulator.folder import Folder
from kube_emulator.kubeconfig import by_token, write_kubeconfig

START_S, STOP_S, TRIES = 60.0, 15.0, 3
SWITCH = "feature gate|group version|api group|runtime-config"
REFUSED = re.compile(rf'"command failed" err="(.*(?:{SWITCH}).*)"')
"""How the programs end when they do not know a switch."""

ROLE = {
    "rules": [
        {"apiGroups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": ["*"]},
        {
            "apiGroups": ["resource.k8s.io"],
            "resources": ["resourceclaims", "deviceclasses"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": ["resource.k8s.io"],
            "resources": ["resourceclaims/status"],
            "verbs": ["update", "patch"],
        },
        {
            "apiGroups": ["resource.k8s.io"],
            "resources": ["resourceclaims/driver"],
            "verbs": ["arbitrary-node:update", "arbitrary-node:patch"],
        },
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    ]
}
"""What drivers are allowed to do; group dra-drivers."""


class PortTaken(Exception):
    """Another program took a port first."""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


class BinariesCluster:
    """Real programs that run."""

    name = "binaries"

    def __init__(self, options: ClusterOptions, programs: Programs, folder: "ClusterFolder") -> None:
        self._directory = folder.path
        self._folder = folder
        self._runtime_config = options.runtime_config
        self._gates = gate_flags(options.gates)
        self._programs = programs
        self._parts = (options.parts & programs.parts) - {"kubelet"}
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._authority = make_serving_certificate(self._directory)
        self._users = USERS | {user_of(name): "system:nodes" for name in options.nodes}
        self._tokens = make_tokens(self._directory, self._users)
        make_account_keys(self._directory)
        make_kubelet_client(self._directory)
        self.kubernetes = release_of(programs.paths["kube-apiserver"])
        self.capabilities = self._parts | {"rbac", "webhooks"}
        self.nodes = tuple(make_node(self._directory, name) for name in options.nodes)
        self._guard = ProcessGuard()
        self._real: RealNodes | None = None
        if options.real_kubelet:
            self._real = RealNodes(
                self.nodes,
                find_node_programs(programs.paths.get("kubelet"), cache()),
                kubeconfig_of=self.kubeconfig_of,
                client_authority=self._directory / "kubelet-client.crt",
                guard=self._guard,
            )
            self.capabilities |= {"kubelet", "container-runtime"}

    @property
    def kubeconfig(self) -> Path:
        """The administrator's file."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        """The file of ``admin``, ``driver`` or the kubelet of a node (``system:node:NAME``)."""
        return self._directory / f"{user.replace(':', '-')}.kubeconfig"

    @property
    def pids(self) -> Mapping[str, int]:
        """The processes of this cluster."""
        return {name: process.pid for name, process in self._processes}

    def start(self) -> None:
        """Start everything and wait until it answers.

        Raises:
            EnvironmentFault: a program does not start.
        """
        for _ in range(TRIES):
            try:
                self._start()
            except PortTaken:
                self._stop()
            except BaseException:
                self.down()
                raise
            else:
                return
        message = f"no free ports for a control plane in {TRIES} tries"
        raise EnvironmentFault(message)

    def _start(self) -> None:
        etcd, peer, port, scheduler, controllers = free_ports(5)
        for user in self._users:
            url = f"https://127.0.0.1:{port}"
            credentials = by_token(self._tokens[user])
            write_kubeconfig(self.kubeconfig_of(user), self.name, url, self._authority, user, credentials)
        self._run("etcd", etcd_flags(self._directory, etcd, peer))
        accounts = self._real is not None and "controllers" in self._parts
        flags = apiserver_flags(self._directory, port, etcd, self._runtime_config, accounts=accounts)
        self._run("kube-apiserver", flags + self._gates)
        self._wait_ready()
        self._create_objects()
        if "scheduler" in self._parts:
            self._run("kube-scheduler", client_flags(self.kubeconfig, scheduler) + self._gates)
        if "controllers" in self._parts:
            keys = [
                f"--service-account-private-key-file={self._directory / 'accounts.key'}",
                f"--root-ca-file={self._directory / 'serving.crt'}",
                "--use-service-account-credentials",
            ]
            self._run(
                "kube-controller-manager", client_flags(self.kubeconfig, controllers) + keys + self._gates
            )
        if self._real is not None:
            self._real.start()
            with RawClient(self.kubeconfig) as client:
                self._real.wait_ready(client)

    def container(self, node: str, namespace: str, pod: str, name: str) -> ContainerView:
        """What a container was given, as the runtime of a real node has it.

        Raises:
            UsageError: the nodes are objects only.
        """
        if self._real is None:
            message = "the nodes of this cluster are objects only; start it with --kubelet real"
            raise UsageError(message)
        return self._real.node(node).container(namespace, pod, name)

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _run(self, name: str, flags: list[str]) -> None:
        with self._log(name).open("wb") as log:
            command = [str(self._programs.paths[name]), *flags]
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._guard.add(process.pid)
        self._processes.append((name, process))

    def _wait_ready(self) -> None:
        client = RawClient(self.kubeconfig)
        start = reported = time.monotonic()
        try:
            while time.monotonic() < start + START_S:
                self._check_alive()
                with contextlib.suppress(NoAnswer):
                    if client.send("GET", "/readyz").code == 200:
                        return
                if time.monotonic() > reported + 2:
                    reported = time.monotonic()
                    sys.stderr.write(f"dra-cluster: kube-apiserver is starting, {reported - start:.0f} s\n")
                time.sleep(0.05)
        finally:
            client.close()
        message = f"kube-apiserver is not ready after {START_S:.0f} s; the end of its log: {self._tail('kube-apiserver')}"
        raise EnvironmentFault(message)

    def _check_alive(self) -> None:
        for name, process in self._processes:
            if process.poll() is not None:
                tail = self._tail(name)
                if "address already in use" in tail:
                    raise PortTaken(name)
                if found := REFUSED.search(tail):
                    raise UsageError(found[1])
                message = f"{name} ended with code {process.returncode}; the end of its log: {tail}"
                raise EnvironmentFault(message)

    def _tail(self, name: str) -> str:
        return self._log(name).read_text(errors="replace")[-1500:]

    def _create_objects(self) -> None:
        """Create the nodes, and the role and binding of the user ``driver``."""
        client = RawClient(self.kubeconfig)
        rbac, name = "/apis/rbac.authorization.k8s.io/v1", "dra-drivers"
        group = "rbac.authorization.k8s.io"
        binding = {
            "roleRef": {"kind": "ClusterRole", "name": name, "apiGroup": group},
            "subjects": [{"kind": "Group", "name": name, "apiGroup": group}],
        }
        room = {"cpu": "8", "memory": "32Gi", "pods": "110"}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "an object only"}
        status = {"capacity": room, "allocatable": room, "conditions": [ready]}
        try:
            client.send("POST", f"{rbac}/clusterroles", {"metadata": {"name": name}, **ROLE}).expect(201)
            client.send(
                "POST", f"{rbac}/clusterrolebindings", {"metadata": {"name": name}, **binding}
            ).expect(201)
            for node in self.nodes if self._real is None else ():
                labels = {"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux"}
                item = {"metadata": {"name": node.name, "labels": labels}}
                client.send("POST", "/api/v1/nodes", item).expect(201)
                path = f"/api/v1/nodes/{node.name}"
                client.patch("merge", f"{path}/status", {"status": status}).expect(200)
                client.patch("merge", path, {"spec": {"taints": None}}).expect(200)
        finally:
            client.close()

    def __enter__(self) -> Self:
        """The cluster, which its provider has started."""
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def down(self) -> None:
        """Stop everything and release the folder; idempotent."""
        self._stop()
        self._guard.close()
        self._folder.release()

    def _stop(self) -> None:
        """Stop what was started, nodes first, the API server before its store."""
        if self._real is not None:
            self._real.stop()
        for _, process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._guard.discard(process.pid)
        self._processes.clear()


class ClusterFolder:
    """The folder of one cluster: the caller's, or a temporary one that ``release`` removes."""

    def __init__(self, directory: Path | None) -> None:
        """Make and lock it.

        Raises:
            EnvironmentFault: it cannot be made or written, or another cluster has it.
        """
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="dra-cluster-")
        self.path = directory or Path(self._temporary.name if self._temporary else "")
        self._lock = Folder(self.path)

    def release(self) -> None:
        """Unlock it, and remove it if it is temporary; idempotent."""
        self._lock.release()
        if self._temporary is not None:
            self._temporary.cleanup()


class BinariesProvider:
    """Makes clusters of real programs."""

    name = "binaries"

    def up(self, options: ClusterOptions) -> BinariesCluster:
        """A control plane that answers; it runs those of the wanted parts whose programs are there.

        Raises:
            UsageError: unknown release, part, gate or version of the API, or the programs are not there.
            EnvironmentFault: a program does not start.
        """
        check_options(options)
        programs = find(options.kubernetes)
        folder = ClusterFolder(options.directory)
        try:
            cluster = BinariesCluster(options, programs, folder)
            cluster.start()
        except OSError as error:
            folder.release()
            message = f"cannot start a cluster in {folder.path}: {error.strerror}"
            raise EnvironmentFault(message) from error
        except EnvironmentFault:
            folder.release()
            raise
        return cluster
