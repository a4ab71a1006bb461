"""What the stand-in for nvidia-cuda-mps-control knows and answers: a verb is a method of ``Control``; servers are processes.

Verbs and answers are those of the real program of 550.163.01, which runs without a GPU: ``e2e/test_nvidia_mps.py``
compares the two. It reads numbers as C's atoi does, and a wrong value changes nothing. Assumed, because no GPU was
there to see it: the rows of ``get_device_client_list`` and of ``ps``.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pynvml

CLIENTS_MAX = 60
"""Contexts of one server, as NVIDIA documents for Volta and later (48 with static partitioning)."""
DEVICES_MAX = 128
"""Higher device numbers are ignored; where exactly the real program stops was not found out."""
GIB = 1 << 30
MIB = 1 << 20


def alive(pid: int) -> bool:
    """Whether a process is there."""
    return Path(f"/proc/{pid}").exists()


def number(text: str) -> int:
    """What C's atoi reads: the digits at the front, else 0."""
    match = re.match(r"\s*[+-]?\d+", text)
    return int(match[0]) if match else 0


def size_of(text: str) -> int:
    """Bytes of "512M" or "2G"; a number without G is in MiB, and 0 means that there is no limit."""
    match = re.match(r"(\d+)([gG]?)", text)
    return int(match[1]) * (GIB if match[2] else MIB) if match else 0


class Refused(Exception):
    """A command is not carried out; ``lines`` are the answer."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


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
        self.priority = number(os.environ.get("CUDA_MPS_CLIENT_PRIORITY", ""))
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
            "get_device_client_list": self.device_client_list,
            "ps": self.processes,
            "terminate_client": self.terminate,
            "set_default_active_thread_percentage": self.set_default_percent,
            "get_default_active_thread_percentage": lambda *_: [f"{self.percent:.1f}"],
            "set_active_thread_percentage": self.set_percent,
            "get_active_thread_percentage": lambda pid="", *_: [f"{self.server(pid).percent:.1f}"],
            "set_default_device_pinned_mem_limit": self.set_default_limit,
            "get_default_device_pinned_mem_limit": lambda device="": limit_text(self.limits, device),
            "set_device_pinned_mem_limit": self.set_limit,
            "get_device_pinned_mem_limit": self.get_limit,
            "set_default_client_priority": self.set_priority,
            "get_default_client_priority": lambda *_: [str(self.priority)],
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
        fields = line.split()
        if not fields or fields[0] not in self.verbs:
            return [f'Unknown command "{fields[0] if fields else ""}"']
        try:
            return self.verbs[fields[0]](*fields[1:])
        except Refused as refusal:
            return list(refusal.lines)

    def server(self, pid: str) -> Server:
        """A server by its process id.

        Raises:
            Refused: there is none.
        """
        self.forget_the_dead()
        known = self.servers.get(number(pid))
        if known is None:
            raise Refused(f"Server {number(pid)} not found")
        return known

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

    def start_server(self, option: str = "", uid: str = "", *_: str) -> list[str]:
        """``start_server -uid N``."""
        if option != "-uid" or not uid.isdecimal():
            raise Refused("A user id (UID) is required to start a new server")
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
                [sys.executable, "-m", "fake_nvml.programs.mps_server"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        made = self.servers[process.pid] = Server(process, uid, self.percent, dict(self.limits))
        self.note(f"Starting new server {process.pid} for user {uid}")
        return process.pid, made

    def server_status(self, pid: str = "", *_: str) -> list[str]:
        """Whether a server takes clients."""
        if not number(pid):
            raise Refused("A server PID is required")
        self.server(pid)
        return ["ACTIVE"]

    def shutdown(self, pid: str = "", *_options: str) -> list[str]:
        """``shutdown_server PID [-f]``."""
        known = self.server(pid)
        known.process.terminate()
        known.process.wait(10)
        self.forget_the_dead()
        return []

    def client_list(self, pid: str = "", *_: str) -> list[str]:
        """Process ids of a server's clients."""
        return [str(client) for client in self.server(pid).clients]

    def device_client_list(self, pid: str = "", *_: str) -> list[str]:
        """``get_device_client_list [PID]``: for each device that has clients its UUID and their process ids."""
        self.forget_the_dead()
        chosen = [self.server(pid)] if pid else list(self.servers.values())
        clients = {client for known in chosen for client in known.clients}
        return [f"{uuid} {' '.join(map(str, pids))}" for uuid, pids in clients_by_device(clients).items()]

    def processes(self, option: str = "", pid: str = "", *_: str) -> list[str]:
        """``ps [-p PID]``: one line a client."""
        self.forget_the_dead()
        if option == "-p" and number(pid) not in self.servers:
            raise Refused(*[f"Server {number(pid)} not found"] * 2, "")
        if not self.servers:
            raise Refused("Server not found")
        rows = ["PID       ID        SERVER    DEVICE             NAMESPACE COMMAND"]
        chosen = [number(pid)] if option == "-p" else list(self.servers)
        for server in chosen:
            for place, client in enumerate(self.servers[server].clients, 1):
                command = Path(f"/proc/{client}/comm").read_text().strip() if alive(client) else ""
                rows.append(f"{client:<10}{place:<10}{server:<10}{'':<19}{'':<10}{command}")
        return rows

    def terminate(self, server: str = "", client: str = "", *_: str) -> list[str]:
        """``terminate_client SERVER CLIENT``: the client's contexts end with it."""
        self.forget_the_dead()
        known = self.servers.get(number(server))
        if known is None:
            missing = f"Server {number(server)} not found"
            raise Refused(missing, f"{missing}!", "1")
        if number(client) in known.clients:
            os.kill(number(client), signal.SIGTERM)
        return []

    def set_default_percent(self, percent: str = "", *_: str) -> list[str]:
        """For servers that start later."""
        self.percent = percentage(percent, self.percent)
        return [f"{self.percent:.1f}"]

    def set_percent(self, pid: str = "", percent: str = "", *_: str) -> list[str]:
        """For clients of this server that come later."""
        known = self.server(pid)
        known.percent = percentage(percent, known.percent)
        return [f"{known.percent:.1f}"]

    def set_default_limit(self, device: str = "", size: str = "", *_: str) -> list[str]:
        """For servers that start later."""
        set_limit(self.limits, device, size)
        return []

    def set_limit(self, pid: str = "", device: str = "", size: str = "", *_: str) -> list[str]:
        """For clients of this server that come later."""
        set_limit(self.server(pid).limits, device, size)
        return []

    def get_limit(self, pid: str = "", device: str = "", *_: str) -> list[str]:
        """What a server's clients may allocate."""
        return limit_text(self.server(pid).limits, device)

    def set_priority(self, priority: str = "", *_: str) -> list[str]:
        """For clients that come later: 0, or 1 for below normal. A hint, which changes nothing here."""
        if number(priority) not in (0, 1):
            raise Refused("Invalid priority value - must be 0 or 1!")
        self.priority = number(priority)
        return []

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


def percentage(text: str, otherwise: float) -> float:
    """A share of the threads: above 0 and at most 100, else OTHERWISE."""
    match = re.match(r"\d+(\.\d*)?", text)
    return float(match[0]) if match and 0 < float(match[0]) <= 100 else otherwise  # percent


def set_limit(limits: dict[int, int], device: str, size: str) -> None:
    """Keep a limit {device: bytes}, or forget it where SIZE is none."""
    if device.isdecimal() and int(device) < DEVICES_MAX:
        limits.pop(int(device), None)
        limits |= {int(device): size_of(size)} if size_of(size) else {}


def limit_text(limits: dict[int, int], device: str) -> list[str]:
    """A limit in GiB where it is a whole number of them, else in MiB; nothing where there is none."""
    size = limits.get(number(device)) if device else None
    if size is None:
        return []
    return [f"{size // MIB}M" if size % GIB else f"{size // GIB}G"]


def clients_by_device(clients: set[int]) -> dict[str, list[int]]:
    """{UUID: process ids} of the devices on which CLIENTS run, as NVML reports."""
    found: dict[str, list[int]] = {}
    if not clients:
        return found
    pynvml.nvmlInit()
    try:
        for index in range(pynvml.nvmlDeviceGetCount()):
            device = pynvml.nvmlDeviceGetHandleByIndex(index)
            running = pynvml.nvmlDeviceGetMPSComputeRunningProcesses(device)
            pids = sorted(process.pid for process in running if process.pid in clients)
            if pids:
                found[pynvml.nvmlDeviceGetUUID(device)] = pids
    finally:
        pynvml.nvmlShutdown()
    return found
