"""A stand-in for nvidia-cuda-mps-control: a daemon that grants clients their share, and the client that commands it.

``-d`` starts the daemon, ``-f`` stays in the foreground; without an option commands come on standard input, one per line.
The daemon listens in $CUDA_MPS_PIPE_DIRECTORY (default /tmp/nvidia-mps), writes control.log and server.log into
$CUDA_MPS_LOG_DIRECTORY (default /var/log/nvidia-mps) and starts one nvidia-cuda-mps-server a user. What a client asks
for is answered by ``libcuda.so.1`` (shim/cuda.c), which sends the limits to the node daemon. The files, their modes and
which of them stay after ``quit`` are those of the real program of 550.163.01.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from fake_nvml.programs.mps_state import Control
from fake_nvml.wire import FRAME_MAX

PID_FILE = "nvidia-cuda-mps-control.pid"


def pipe_folder() -> Path:
    """Where the daemon listens."""
    return Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY") or "/tmp/nvidia-mps")  # noqa: S108 # NVIDIA's default


def log_folder() -> Path:
    """Where the daemon writes its logs."""
    return Path(os.environ.get("CUDA_MPS_LOG_DIRECTORY") or "/var/log/nvidia-mps")


def serve() -> None:
    """Be the daemon until ``quit`` or SIGTERM."""
    folder, log = pipe_folder(), log_folder()
    for path in (folder, log):
        path.mkdir(parents=True, exist_ok=True)
    control, pid_file = Control(log), folder / PID_FILE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with listen(folder / "control", 0o666) as public, listen(folder / "control_privileged", 0o755) as private:
        for path in (folder / "control_lock", pid_file):
            path.touch()
            path.chmod(0o666)
        control.note(f"Starting control daemon using socket {folder / 'control'}")
        pid_file.write_text(f"{os.getpid()}\n")
        try:
            while not control.ended:
                for listener in select.select([public, private], [], [])[0]:
                    answer_one(control, listener)
        finally:
            control.quit()
            pid_file.unlink(missing_ok=True)


def listen(path: Path, mode: int) -> socket.socket:
    """A listening socket at PATH; the one of an earlier daemon, which stays behind as the real one's does, goes."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    path.chmod(mode)
    made.listen(128)
    return made


def answer_one(control: Control, listener: socket.socket) -> None:
    """Carry out the command of one connection."""
    channel, _ = listener.accept()
    with channel:
        channel.settimeout(5)
        try:
            line = channel.recv(FRAME_MAX).decode(errors="replace")
            control.note(f"Command: {line.strip()}")
            channel.sendall("".join(f"{row}\n" for row in control.run(line)).encode())
        except OSError as error:
            control.note(f"Client went away: {error}")


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
        [sys.executable, "-m", "fake_nvml.programs.mps_control", "-f"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 10
    while child.poll() is None and time.monotonic() < deadline:
        if (pipe_folder() / PID_FILE).exists():
            return 0
        time.sleep(0.01)
    return 1


def main() -> None:
    """Entry point: exit code 1 where there is no daemon, or already one."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(f"nvidia-cuda-mps-control [-d | -f]\n\n{__doc__}")  # noqa: T201 # the program's output
        return
    if "-d" in arguments or "-f" in arguments:
        try:
            ask("get_server_list")
        except OSError:
            if "-f" in arguments:
                serve()
                return
            raise SystemExit(in_background()) from None
        print("An instance of this daemon is already running", file=sys.stderr)  # noqa: T201 # the program's output
        raise SystemExit(1)
    for line in sys.stdin:
        try:
            sys.stdout.write(ask(line.strip()))
        except OSError:
            print("Cannot find MPS control daemon process", file=sys.stderr)  # noqa: T201 # the same
            raise SystemExit(1) from None


if __name__ == "__main__":
    main()
