"""The command ``fake-nvml``: serve a fake GPU node, run a command on one, inspect it, measure it."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fake_nvml.errors import FakeNvmlError, UsageError

if TYPE_CHECKING:
    from fake_nvml.machines import Board, Machine

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


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = Parser(prog="fake-nvml", description="A fake NVIDIA GPU node behind libnvidia-ml.so.1.")
    top.add_argument("--version", action=Version, help="print the version and exit")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_node_commands(commands)
    add_recorder_and_workload(commands)
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
        "--isolate",
        action="store_true",
        default=bool(environment_number("FAKE_NVML_ISOLATE")),
        help="a process sees only the GPUs whose /dev/nvidiaN it sees, as in containers (env FAKE_NVML_ISOLATE=1)",
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


def usable_folder(text: str, flag: str) -> Path:
    """The folder that FLAG names; it need not exist.

    Raises:
        UsageError: it is a file.
    """
    path = Path(text)
    if path.exists() and not path.is_dir():
        message = f"{flag}: wanted a folder, found the file {text}; give another path"
        raise UsageError(message)
    return path


def checked_command(argv: list[str]) -> list[str]:
    """The command of ``run`` without the leading ``--``.

    Raises:
        UsageError: there is none, or no such program; said before a node is started for it.
    """
    command = argv[1:] if argv[:1] == ["--"] else argv
    if not command:
        message = "run: wanted a command after --, found none; e.g. fake-nvml run -- gpustat"
        raise UsageError(message)
    if shutil.which(command[0]) is None:
        message = f"run: no program {command[0]!r} on PATH; give its path, or install it"
        raise UsageError(message)
    return command


def chosen_machine(arguments: argparse.Namespace) -> "tuple[Machine, Board]":
    """What --machine, --node and --driver name."""
    from fake_nvml import machines

    machine, board = machines.load(arguments.machine, arguments.node)
    return (machines.with_driver(machine, arguments.driver) if arguments.driver else machine), board


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


def control_node(folder: Path, verb: str, arguments: list[str]) -> None:
    """Carry out ``ctl`` and print what the daemon says.

    Raises:
        UsageError: an argument is neither the index of a GPU nor NAME=VALUE.
    """
    from fake_nvml import control

    index, values = None, {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals:
            values[name] = value
        elif argument.isdigit() and index is None:
            index = int(argument)
        else:
            message = f"ctl {verb}: wanted the index of a GPU or NAME=VALUE, found {argument!r}"
            raise UsageError(message)
    print(json.dumps(control.send(folder, verb, index, values), indent=2))


def run_on_node(arguments: argparse.Namespace, folder: Path, argv: list[str]) -> int:
    """Run a command on a node of its own and return its exit code (128 + n if signal n ended it)."""
    from fake_nvml.session import Session

    root = folder / "root" if arguments.mount else None
    session = Session(
        arguments.machine, folder, node=arguments.node, driver=arguments.driver, driver_root=root
    )
    with session:
        environment = dict(session.environment)
        if root:
            from fake_nvml import private_mounts

            private_mounts.enter(root)
            environment["PATH"] = f"{root}/usr/bin:{environment.get('PATH', os.defpath)}"
        try:
            child = subprocess.Popen(argv, env=environment)
        except OSError as error:
            message = f"cannot run {argv[0]!r}: {error.strerror}"
            raise UsageError(message) from error
        try:
            while True:
                try:
                    code = child.wait()
                except KeyboardInterrupt:  # the terminal signals the child too: wait until it ends by itself
                    continue
                return code if code >= 0 else 128 - code
        except SystemExit:  # see end_in_order
            child.terminate()
            child.wait()
            raise


def show_machines(*, as_json: bool) -> None:
    """Print the shipped machines."""
    from fake_nvml import machines

    rows = [machines.load(name)[0] for name in machines.names()]
    if as_json:
        print(json.dumps([{"name": m.name, "description": m.description, "gpus": len(m.gpus)} for m in rows]))
        return
    for machine in rows:
        print(f"{machine.name:16} {machine.description} ({machine.confidence})")


def show_machine(name: str, *, as_json: bool) -> None:
    """Print what one machine is made of, and how sure each figure is."""
    import msgspec

    from fake_nvml import machines

    machine, board = machines.load(name)
    blocks = {block: value for block, value in msgspec.to_builtins(board).items() if isinstance(value, dict)}
    if as_json:
        print(
            json.dumps(
                {"machine": msgspec.to_builtins(machine), "board": msgspec.to_builtins(board)}, indent=1
            )
        )
        return
    print(f"{machine.name}: {machine.description} ({machine.confidence}: {machine.source})")
    for block, value in blocks.items():
        unsure = f"; assumed: {', '.join(value['assumed'])}" if value["assumed"] else ""
        print(f"  {block:9} {value['confidence']:11} {value['source']}{unsure}")
    for profile in board.mig.profiles if board.mig else ():
        places = ",".join(map(str, profile.starts))
        sure = f"{profile.confidence}, placements {profile.placements}"
        figures = f"{profile.max} x {profile.memory_mib} MiB, {profile.multiprocessors} SM"
        print(f"  MIG {profile.name:15} id {profile.id:<3} {figures:27} at {places:14} {sure}")


def dispatch(arguments: argparse.Namespace) -> int:
    """Carry out a parsed command line."""
    if arguments.command == "serve":
        import logging

        from fake_nvml import daemon

        logging.basicConfig(level="ERROR" if arguments.quiet else "INFO", format="fake-nvml: %(message)s")
        daemon.serve(
            *chosen_machine(arguments),
            usable_folder(arguments.dir, "--dir"),
            root=usable_folder(arguments.driver_root, "--driver-root") if arguments.driver_root else None,
            isolates=arguments.isolate,
            follows_stdin=arguments.follow_stdin,
        )
    elif arguments.command == "driver-root":
        from fake_nvml import driver_root
        from fake_nvml.model import load_node

        root = usable_folder(arguments.path, "DIR")
        driver_root.make(root, load_node(*chosen_machine(arguments), root / "state.json"))
        print(arguments.path)
    elif arguments.command == "run":
        argv = checked_command(arguments.argv)
        if arguments.dir:
            return run_on_node(arguments, usable_folder(arguments.dir, "--dir"), argv)
        with tempfile.TemporaryDirectory(prefix="fake-nvml-") as folder:
            Path(folder).chmod(0o755)
            return run_on_node(arguments, Path(folder), argv)
    elif arguments.command == "ctl":
        control_node(usable_folder(arguments.dir, "--dir"), arguments.verb, arguments.arguments)
    elif arguments.command == "list":
        if arguments.name:
            show_machine(arguments.name, as_json=arguments.json)
        else:
            show_machines(as_json=arguments.json)
    elif arguments.command == "record":
        from fake_nvml import record

        text = record.record()
        if arguments.output:
            try:
                Path(arguments.output).write_text(text)
            except OSError as error:
                message = f"--output: cannot write {arguments.output} ({error.strerror}); give another path"
                raise UsageError(message) from error
        else:
            print(text)
    elif arguments.command == "compare":
        if arguments.machine:
            from fake_nvml import capture

            return capture.run_compare(Path(arguments.file), arguments.machine, as_json=arguments.json)
        from fake_nvml import record

        return record.compare(arguments.file, as_json=arguments.json)
    elif arguments.command == "workload":
        from fake_nvml import workload_client

        workload_client.main(arguments.library, arguments.device, arguments.memory, arguments.percent)
    elif arguments.command == "scoreboard":
        from fake_nvml import scoreboard

        scoreboard.main(as_json=arguments.json)
    elif arguments.command == "bench":
        from fake_nvml import bench

        bench.main(as_json=arguments.json)
    else:
        from fake_nvml import build

        print(build.library().parent)
    return 0


def end_in_order(number: int, _frame: object) -> None:
    """Exit as a shell reports a signal; the ``with`` blocks on the stack end what was started and remove its files."""
    sys.exit(128 + number)


def main() -> None:
    """Entry point; exit codes: 2 usage error, 3 this computer does not allow it, 128 + n after signal n, else the command's own."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, end_in_order)
    try:
        code = dispatch(parser().parse_args())
    except FakeNvmlError as error:
        print(f"fake-nvml: {error}", file=sys.stderr)
        code = error.exit_code
    raise SystemExit(code)


if __name__ == "__main__":
    main()
