"""A double of nvidia-cuda-mps-control: a daemon that grants clients their share, and the client that commands it.

``-d`` starts the daemon, ``-f`` stays in the foreground; without an option commands come on standard input, one a line.
The daemon listens in $CUDA_MPS_PIPE_DIRECTORY (default /tmp/nvidia-mps), writes control.log and server.log into
$CUDA_MPS_LOG_DIRECTORY (default /var/log/nvidia-mps) and starts one nvidia-cuda-mps-server a user. What a client asks
for is answered by ``libcuda.so.1`` (shim/cuda.c), which tells the node daemon the limits.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fake_nvml.wire import FRAME_MAX

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
CLIENTS_MAX = 60
"""Contexts of one server, as NVIDIA documents for Volta and later (48 with static partitioning)."""


def pipe_folder() -> Path:
    """Where the daemon listens."""
    return Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY") or "/tmp/nvidia-mps")  # noqa: S108 # NVIDIA's default


def log_folder() -> Path:
    """Where the daemon writes its logs."""
    return Path(os.environ.get("CUDA_MPS_LOG_DIRECTORY") or "/var/log/nvidia-mps")


def alive(pid: int) -> bool:
    """Whether a process is there."""
    return Path(f"/proc/{pid}").exists()


def size_of(text: str) -> int:
    """Bytes of "512M" and the like.

    Raises:
        ValueError: no such size.
    """
    match = re.fullmatch(r"(\d+)([KMG]?)B?", text.upper())
    if match is None:
        raise ValueError(text)
    return int(match[1]) * UNITS[match[2]]


@dataclass(slots=True)
class Server:
    """One server process with its clients and what was set for it."""

    process: "subprocess.Popen[bytes]"
    uid: int
    percent: float
    limits: dict[int, int]
    clients: dict[int, float] = field(default_factory=dict)


class Control:
    """The state of the daemon; a method a verb, which returns the lines to print."""

    def __init__(self, log: Path) -> None:
        self.percent = float(os.environ.get("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE") or 100)
        self.limits: dict[int, int] = {}
        self.servers: dict[int, Server] = {}
        self.ended = False
        self._log = log
        self.verbs: dict[str, Callable[..., list[str]]] = {
            "get_server_list": self.server_list,
            "start_server": self.start_server,
            "get_server_status": self.server_status,
            "shutdown_server": self.shutdown,
            "get_client_list": self.client_list,
            "ps": self.processes,
            "terminate_client": self.terminate,
            "set_default_active_thread_percentage": self.set_default_percent,
            "get_default_active_thread_percentage": lambda: [f"{self.percent:.1f}"],
            "set_active_thread_percentage": self.set_percent,
            "get_active_thread_percentage": lambda pid: [f"{self.server(pid).percent:.1f}"],
            "set_default_device_pinned_mem_limit": self.set_default_limit,
            "get_default_device_pinned_mem_limit": lambda device: [limit_text(self.limits.get(int(device)))],
            "set_device_pinned_mem_limit": self.set_limit,
            "get_device_pinned_mem_limit": self.get_limit,
            "attach": self.attach,
            "quit": self.quit,
        }

    def note(self, text: str) -> None:
        """A line of control.log."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with (self._log / "control.log").open("a") as log:
            log.write(f"[{stamp}.000 Control {os.getpid():>5}] {text}\n")

    def run(self, line: str) -> list[str]:
        """Carry out one command."""
        words = line.split()
        if not words:
            return []
        if words[0] not in self.verbs:
            return [f"Unrecognized command: {words[0]}"]
        try:
            return self.verbs[words[0]](*words[1:])
        except (TypeError, ValueError, KeyError):
            return [f"Invalid arguments: {line}"]

    def server(self, pid: str) -> Server:
        """A server by its process id."""
        self.forget_the_dead()
        return self.servers[int(pid)]

    def forget_the_dead(self) -> None:
        """Drop servers and clients that ended."""
        for pid, known in list(self.servers.items()):
            known.clients = {client: percent for client, percent in known.clients.items() if alive(client)}
            if known.process.poll() is not None:
                del self.servers[pid]
                self.note(f"Server {pid} exited with status {known.process.returncode}")

    def server_list(self) -> list[str]:
        """Process ids of the servers."""
        self.forget_the_dead()
        return [str(pid) for pid in self.servers]

    def start_server(self, option: str = "-uid", uid: str = "0") -> list[str]:
        """``start_server -uid N``."""
        if option != "-uid":
            raise ValueError(option)
        self.ensure(int(uid))
        return []

    def ensure(self, uid: int) -> tuple[int, Server]:
        """The server of a user, started if need be."""
        self.forget_the_dead()
        for pid, known in self.servers.items():
            if known.uid == uid:
                return pid, known
        with (self._log / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fake_nvml.doubles.mps_server"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        made = self.servers[process.pid] = Server(process, uid, self.percent, dict(self.limits))
        self.note(f"Starting new server {process.pid} for user {uid}")
        return process.pid, made

    def server_status(self, pid: str) -> list[str]:
        """Whether a server takes clients."""
        self.server(pid)
        return ["ACTIVE"]

    def shutdown(self, pid: str, *_options: str) -> list[str]:
        """``shutdown_server PID [-f]``."""
        known = self.server(pid)
        known.process.terminate()
        known.process.wait(10)
        self.forget_the_dead()
        return []

    def client_list(self, pid: str) -> list[str]:
        """Process ids of a server's clients."""
        return [str(client) for client in self.server(pid).clients]

    def processes(self) -> list[str]:
        """``ps``: one line a client."""
        self.forget_the_dead()
        rows = ["PID       ID        SERVER    DEVICE             NAMESPACE COMMAND"]
        for pid, known in self.servers.items():
            for number, client in enumerate(known.clients, 1):
                command = Path(f"/proc/{client}/comm").read_text().strip() if alive(client) else ""
                rows.append(f"{client:<10}{number:<10}{pid:<10}{'':<19}{'':<10}{command}")
        return rows

    def terminate(self, server: str, client: str) -> list[str]:
        """``terminate_client SERVER CLIENT``: the client's contexts end with it."""
        known = self.server(server)
        if int(client) not in known.clients:
            raise KeyError(client)
        os.kill(int(client), signal.SIGTERM)
        return []

    def set_default_percent(self, percent: str) -> list[str]:
        """For servers that start later."""
        self.percent = percentage(percent)
        return [f"{self.percent:.1f}"]

    def set_percent(self, pid: str, percent: str) -> list[str]:
        """For clients of this server that come later."""
        self.server(pid).percent = percentage(percent)
        return [f"{self.server(pid).percent:.1f}"]

    def set_default_limit(self, device: str, size: str) -> list[str]:
        """For servers that start later."""
        self.limits[int(device)] = size_of(size)
        return []

    def set_limit(self, pid: str, device: str, size: str) -> list[str]:
        """For clients of this server that come later."""
        self.server(pid).limits[int(device)] = size_of(size)
        return []

    def get_limit(self, pid: str, device: str) -> list[str]:
        """What a server's clients may allocate."""
        return [limit_text(self.server(pid).limits.get(int(device)))]

    def attach(self, client: str) -> list[str]:
        """What libcuda asks for a new client: percent, and device=bytes for each limit."""
        _, known = self.ensure(os.getuid())
        if len(known.clients) >= CLIENTS_MAX:
            return []
        known.clients[int(client)] = known.percent
        self.note(f"Accepting connection from client {client}")
        limits = (f"{device}={size}" for device, size in known.limits.items())
        return [" ".join([str(int(known.percent)), *limits])]

    def quit(self, *options: str) -> list[str]:
        """``quit [-t SECONDS]``: ends the servers too."""
        del options
        self.ended = True
        for pid in list(self.servers):
            self.shutdown(str(pid))
        return []


def percentage(text: str) -> float:
    """A share of the threads.

    Raises:
        ValueError: not above 0 and at most 100.
    """
    value = float(text)
    if not 0 < value <= 100:  # percent
        raise ValueError(text)
    return value


def limit_text(size: int | None) -> str:
    """As the real program prints a limit: in MiB, or that there is none."""
    return "Unlimited" if size is None else f"{size >> 20}M"


def serve() -> None:
    """Be the daemon until ``quit`` or SIGTERM."""
    folder, log = pipe_folder(), log_folder()
    for path in (folder, log):
        path.mkdir(parents=True, exist_ok=True)
    control = Control(log)
    (folder / "nvidia-cuda-mps-control.pid").write_text(f"{os.getpid()}\n")
    (folder / "control").unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "control"))
        (folder / "control").chmod(0o666)
        listener.listen(128)
        control.note("Starting control daemon using socket " + str(folder / "control"))
        try:
            while not control.ended:
                channel, _ = listener.accept()
                with channel:
                    channel.settimeout(5)
                    try:
                        line = channel.recv(FRAME_MAX).decode(errors="replace")
                        control.note(f"Command: {line.strip()}")
                        channel.sendall("".join(f"{row}\n" for row in control.run(line)).encode())
                    except OSError as error:
                        control.note(f"Client went away: {error}")
        finally:
            control.quit()
            for name in ("control", "nvidia-cuda-mps-control.pid"):
                (folder / name).unlink(missing_ok=True)


def ask(line: str) -> str:
    """Send one command to the daemon.

    Raises:
        OSError: there is none.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.connect(str(pipe_folder() / "control"))
        channel.sendall(f"{line}\n".encode())
        channel.shutdown(socket.SHUT_WR)
        with channel.makefile() as answer:
            return answer.read()


def in_background() -> int:
    """Start the daemon and wait until it listens."""
    child = subprocess.Popen(
        [sys.executable, "-m", "fake_nvml.doubles.mps_control", "-f"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 10
    while child.poll() is None and time.monotonic() < deadline:
        if (pipe_folder() / "control").exists():
            return 0
        time.sleep(0.01)
    return 1


def main() -> None:
    """Entry point: exit code 1 where there is no daemon, or already one."""
    words = sys.argv[1:]
    if "-d" in words or "-f" in words:
        try:
            ask("get_server_list")
        except OSError:
            if "-f" in words:
                serve()
                return
            raise SystemExit(in_background()) from None
        print("An instance of this daemon is already running", file=sys.stderr)  # noqa: T201 # the program's words
        raise SystemExit(1)
    for line in sys.stdin:
        try:
            sys.stdout.write(ask(line.strip()))
        except OSError:
            print("Cannot find MPS control daemon process", file=sys.stderr)  # noqa: T201 # the same
            raise SystemExit(1) from None


if __name__ == "__main__":
    main()
