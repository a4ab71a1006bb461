"""The command line of ``fake-nvml``: commands, options and their help."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from fake_nvml.errors import UsageError
from fake_nvml.fabric_job.command import add_fabric_job_command
from fake_nvml.rack.command import add_rack_command

DEFAULT_DIR = "/run/fake-nvml"


class Version(argparse.Action):
    """Prints the version of the distribution, which is read only when it is wanted."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Exit 0."""
        from importlib.metadata import version

        print(f"{parser.prog} {version('dra-conformance')}")
        parser.exit()


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def environment_number(name: str) -> int:
    """A number from the environment, 0 where it is not set.

    Raises:
        UsageError: it is no number.
    """
    text = os.environ.get(name, "0")
    if not text.isdigit():
        message = f"{name}: wanted a number from 0, found {text!r}"
        raise UsageError(message)
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = Parser(prog="fake-nvml", description="A fake NVIDIA GPU node behind libnvidia-ml.so.1.")
    top.add_argument("--version", action=Version, help="print the version and exit")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_node_commands(commands)
    add_recorder_and_workload(commands)
    add_rack_command(commands)
    add_fabric_job_command(commands)
    for name, text in (
        ("list", "the machines there are"),
        ("bench", "measure, beside a trivial C library"),
        ("scoreboard", "how much of NVML has behaviour, by walking the library"),
    ):
        sub = commands.add_parser(name, help=text)
        sub.add_argument("--json", action="store_true", help="print JSON")
        if name == "list":
            sub.add_argument("name", nargs="?", metavar="MACHINE", help="what this one is made of")
    commands.add_parser("libdir", help="print the folder with libnvidia-ml.so.1, for LD_LIBRARY_PATH")
    return top


def add_node_commands(commands: Any) -> None:
    """The commands that make nodes and change them."""
    folder = os.environ.get("FAKE_NVML_DIR", DEFAULT_DIR)
    machine = os.environ.get("FAKE_NVML_MACHINE", "dgx-b200")

    serve = commands.add_parser("serve", help="serve a node until SIGTERM or Ctrl-C")
    run = commands.add_parser("run", help="run a command on a node of its own: fake-nvml run -- nvitop -1")
    enter = commands.add_parser(
        "enter", help="become a command that sees a running node's driver root as /sys, /proc and /dev"
    )
    enter.add_argument(
        "root", metavar="ROOT", help="the driver root that the node keeps, see serve --driver-root"
    )
    enter.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    ctl = commands.add_parser("ctl", help="change or inspect a running node")
    root = commands.add_parser(
        "driver-root", help="write the files around the library: programs, /dev, /proc, /sys"
    )
    root.add_argument("path", metavar="DIR", help="the root's folder")
    for sub in (serve, run, root):
        sub.add_argument(
            "--machine", default=machine, help="machine or file (default %(default)s, env FAKE_NVML_MACHINE)"
        )
        sub.add_argument(
            "--node",
            type=int,
            default=environment_number("FAKE_NVML_NODE"),
            help="tray of a rack, from 0 (default %(default)s, env FAKE_NVML_NODE)",
        )
        sub.add_argument(
            "--driver",
            default=os.environ.get("FAKE_NVML_DRIVER"),
            help="driver version, e.g. 550.163.01 (default: the machine's, env FAKE_NVML_DRIVER)",
        )
    for sub in (serve, ctl):
        sub.add_argument(
            "--dir", default=folder, help="the node's folder (default %(default)s, env FAKE_NVML_DIR)"
        )
    run.add_argument("--dir", help="keep the node's folder here (default: a temporary one)")
    serve.add_argument(
        "--driver-root",
        default=os.environ.get("FAKE_NVML_DRIVER_ROOT"),
        help="keep a driver root here too, see the command driver-root (env FAKE_NVML_DRIVER_ROOT)",
    )
    serve.add_argument(
        "--dev",
        default=os.environ.get("FAKE_NVML_DEV"),
        metavar="DIR",
        help="make the device nodes of the driver root in this folder too, the node's /dev (env FAKE_NVML_DEV)",
    )
    serve.add_argument(
        "--isolate",
        action="store_true",
        default=bool(environment_number("FAKE_NVML_ISOLATE")),
        help="a process sees only the GPUs whose /dev/nvidiaN it sees, as in containers (env FAKE_NVML_ISOLATE=1)",
    )
    serve.add_argument(
        "--node-names",
        default=os.environ.get("FAKE_NVML_NODE_NAMES", ""),
        metavar="A,B",
        help="names of the nodes that are the trays of a rack, in order; --node-name is one of them"
        " (env FAKE_NVML_NODE_NAMES)",
    )
    serve.add_argument(
        "--node-name",
        default=os.environ.get("NODE_NAME", ""),
        metavar="NAME",
        help="this node's name among --node-names (env NODE_NAME)",
    )
    serve.add_argument("--follow-stdin", action="store_true", help="end when standard input is closed")
    serve.add_argument("--quiet", action="store_true", help="log errors only")
    run.add_argument(
        "--mount",
        action="store_true",
        help="show the node in /sys, /proc and /dev too, in a mount namespace of the command's own",
    )
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    ctl.formatter_class = argparse.RawDescriptionHelpFormatter
    ctl.add_argument("verb", help="the command, see below")
    ctl.add_argument("arguments", nargs="*", metavar="GPU NAME=VALUE", help="index of the GPU, and values")
    ctl.epilog = control_help()


def add_recorder_and_workload(commands: Any) -> None:
    """The recorder of real machines, and the workload that runs on a fake one."""
    record = commands.add_parser("record", help="write a machine file of this computer's real GPUs")
    record.add_argument("--output", help="the file (default: standard output)")
    compare = commands.add_parser(
        "compare",
        help="print where the model differs from a recording, or from nvidia-smi -q -x of a real machine",
    )
    compare.add_argument("file", help="what record wrote, or what nvidia-smi -q -x printed")
    compare.add_argument(
        "--machine", help="the fake machine to compare with; needed for an output of nvidia-smi"
    )
    compare.add_argument("--json", action="store_true", help="print JSON")
    work = commands.add_parser(
        "workload", help="hold a context and memory on a device until standard input ends"
    )
    work.add_argument("--library", default="libcuda.so.1", help="(default %(default)s)")
    work.add_argument("--device", type=int, default=0, help="as CUDA counts them (default %(default)s)")
    work.add_argument(
        "--memory", type=int, default=0, metavar="MIB", help="to allocate (default %(default)s)"
    )
    work.add_argument(
        "--percent", type=int, default=0, help="how busy it keeps the device (default %(default)s)"
    )


def control_help() -> str:
    """The verbs of ``ctl``, one per line; loaded only when ``ctl`` is what was asked for."""
    if "ctl" not in sys.argv[1:2]:
        return ""
    from fake_nvml.control import COMMANDS

    rows = (
        f"  {name:14}{'GPU  ' if known.about_gpu else '     '}{known.text}"
        for name, known in COMMANDS.items()
    )
    return "\n".join(["verbs:", *rows])
