"""The command ``fake-nvml fabric-job``: worker and launcher."""

import argparse
from typing import Any

from fake_nvml.errors import UsageError

PORT = 5700


def add_fabric_job_command(commands: Any) -> None:
    """The command and its flags."""
    job = commands.add_parser(
        "fabric-job", help="move memory between the GPUs of several nodes, as nvbandwidth under MPI does"
    )
    roles = job.add_subparsers(dest="role", required=True, metavar="ROLE")
    worker = roles.add_parser(
        "worker", help="wait for the launcher, and do what it asks with this node's GPUs"
    )
    worker.add_argument(
        "--listen",
        default=f"127.0.0.1:{PORT}",
        metavar="ADDRESS:PORT",
        help="where, e.g. the pod's address; whoever reaches it can be the launcher (default %(default)s)",
    )
    worker.add_argument("--gpus", type=int, default=0, help="how many GPUs to use (default: all)")
    worker.add_argument("--library", default="libcuda.so.1", help="(default %(default)s)")
    launcher = roles.add_parser("launcher", help="drive the workers and print the bandwidth")
    launcher.add_argument(
        "--workers",
        required=True,
        metavar="ADDRESS:PORT,...",
        help=f"where they wait (port {PORT} if there is none)",
    )
    launcher.add_argument(
        "--buffer-kib", type=int, default=1024, help="bytes for each pair (default %(default)s)"
    )
    launcher.add_argument(
        "--wait",
        type=int,
        default=60,
        metavar="S",
        help="for workers that are not there yet (default %(default)s)",
    )


def run_fabric_job(arguments: argparse.Namespace) -> int:
    """Carry the command out."""
    if arguments.role == "worker":
        from fake_nvml.fabric_job.worker import serve

        serve(address_of(arguments.listen, "--listen"), arguments.library, max(0, arguments.gpus))
        return 0
    from fake_nvml.fabric_job.launcher import launch

    workers = [address_of(text, "--workers") for text in arguments.workers.split(",")]
    if not 1 <= arguments.buffer_kib <= 64 * 1024:
        message = f"--buffer-kib: wanted 1 to 65536, found {arguments.buffer_kib}"
        raise UsageError(message)
    launch(workers, arguments.buffer_kib * 1024, arguments.wait)
    return 0


def address_of(text: str, flag: str) -> tuple[str, int]:
    """ADDRESS:PORT, or an address alone.

    Raises:
        UsageError: it is none.
    """
    host, _, port = text.rpartition(":") if ":" in text else (text, "", str(PORT))
    if not host or not port.isdecimal() or int(port) > 65535:
        message = f"{flag}: wanted ADDRESS:PORT, found {text!r}"
        raise UsageError(message)
    return host, int(port)
