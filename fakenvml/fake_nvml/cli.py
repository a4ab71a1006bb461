"""The command ``fake-nvml``: serve a fake GPU node, run a command on one, inspect it, measure it."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fake_nvml.command_line import parser
from fake_nvml.errors import FakeNvmlError, UsageError

if TYPE_CHECKING:
    from fake_nvml.machines import Board, Machine


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


def checked_command(argv: list[str], *, of: str) -> list[str]:
    """The command that ``run`` or ``enter`` was given, without the leading ``--``.

    Raises:
        UsageError: there is none, or no such program; said before a node is started for it.
    """
    command = argv[1:] if argv[:1] == ["--"] else argv
    if not command:
        message = f"{of}: wanted a command after --, found none; e.g. -- nvidia-smi"
        raise UsageError(message)
    if shutil.which(command[0]) is None:
        message = f"{of}: no program {command[0]!r} on PATH; give its path, or install it"
        raise UsageError(message)
    return command


def chosen_machine(arguments: argparse.Namespace) -> "tuple[Machine, Board]":
    """What --machine, --node and --driver name."""
    from fake_nvml import machines

    machine, board = machines.load(arguments.machine, chosen_tray(arguments))
    return (machines.with_driver(machine, arguments.driver) if arguments.driver else machine), board


def device_folder(arguments: argparse.Namespace) -> Path | None:
    """The folder of --dev, if any.

    Raises:
        UsageError: it is not there, or there is no --driver-root to copy from.
    """
    if not arguments.dev:
        return None
    if not arguments.driver_root or not Path(arguments.dev).is_dir():
        message = f"--dev {arguments.dev}: wanted a folder that exists, and --driver-root, whose device nodes it gets"
        raise UsageError(message)
    return Path(arguments.dev)


def chosen_tray(arguments: argparse.Namespace) -> int:
    """The tray that --node names, or --node-name among --node-names; a machine that is no rack has one.

    Raises:
        UsageError: --node-name is none of --node-names.
    """
    from fake_nvml import machines

    names = [name for name in getattr(arguments, "node_names", "").split(",") if name]
    if not names or machines.load(arguments.machine)[0].rack is None:
        return int(arguments.node)
    if arguments.node_name not in names:
        message = f"--node-name: wanted one of {', '.join(names)}, found {arguments.node_name!r}"
        raise UsageError(message)
    return names.index(arguments.node_name)


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
    if root is None:
        with session:
            return run_and_wait(argv, dict(session.environment))
    from fake_nvml import private_mounts

    # the node's daemon is inside too; what --dir names is seen outside, so it stays on its disk
    in_memory = None if arguments.dir else root
    private_mounts.begin(in_memory)
    try:
        with session:
            private_mounts.show(root)
            path = f"{root}/usr/bin:{session.environment.get('PATH', os.defpath)}"
            return run_and_wait(argv, {**session.environment, "PATH": path})
    finally:
        if in_memory:
            private_mounts.let_go(in_memory)


def run_and_wait(argv: list[str], environment: dict[str, str]) -> int:
    """Run ARGV and return its exit code.

    Raises:
        UsageError: it cannot be run.
    """
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


def enter_node(root: Path, argv: list[str]) -> None:
    """Become ARGV inside the node whose driver root is ROOT; the process id stays, so whoever started this can end it.

    Raises:
        UsageError: ROOT is no driver root, or the program cannot be run.
    """
    from fake_nvml import private_mounts

    if not (root / "proc/driver/nvidia/version").is_file():
        message = f"enter: wanted a driver root, found no proc/driver/nvidia/version in {root}; give what serve --driver-root names"
        raise UsageError(message)
    private_mounts.enter(root)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 # the command was given as words
    except OSError as error:
        message = f"cannot run {argv[0]!r}: {error.strerror}"
        raise UsageError(message) from error


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
            dev=device_folder(arguments),
            isolates=arguments.isolate,
            follows_stdin=arguments.follow_stdin,
        )
    elif arguments.command == "fabric-job":
        from fake_nvml.fabric_job.command import run_fabric_job

        return run_fabric_job(arguments)
    elif arguments.command == "rack":
        from fake_nvml.rack.command import run_rack

        return run_rack(arguments)
    elif arguments.command == "driver-root":
        from fake_nvml import build, driver_root
        from fake_nvml.saved import load_node

        root = usable_folder(arguments.path, "DIR")
        node = load_node(*chosen_machine(arguments), root / "state.json")
        driver_root.make(root, node, build.libraries())
        print(arguments.path)
    elif arguments.command == "run":
        argv = checked_command(arguments.argv, of="run")
        if arguments.dir:
            return run_on_node(arguments, usable_folder(arguments.dir, "--dir"), argv)
        with tempfile.TemporaryDirectory(prefix="fake-nvml-") as folder:
            Path(folder).chmod(0o755)
            return run_on_node(arguments, Path(folder), argv)
    elif arguments.command == "enter":
        enter_node(usable_folder(arguments.root, "ROOT"), checked_command(arguments.argv, of="enter"))
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


def main() -> int:
    """Run the command; its exit code: 2 usage error, 3 this computer does not allow it, 128 + n after signal n, else its own."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, end_in_order)
    try:
        return dispatch(parser().parse_args())
    except FakeNvmlError as error:
        print(f"fake-nvml: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
