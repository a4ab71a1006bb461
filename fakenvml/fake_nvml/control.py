"""What a test does to the node from outside: look at it, reboot it, lose a GPU and bring it back. Used by ``fake-nvml ctl``."""

import json
import socket
import struct
from pathlib import Path
from typing import Any

import msgspec

from fake_nvml import wire
from fake_nvml.errors import UsageError, WorldError
from fake_nvml.model import Node

COMMANDS = {
    "show": "print the state of every GPU as JSON",
    "reboot": "clear what a reboot clears",
    "lose": "let GPU INDEX fall off the bus",
    "restore": "bring GPU INDEX back",
}


def perform(node: Node, command: str, index: int | None) -> Any:
    """Carry a command out in the daemon; returns what is to be printed.

    Raises:
        UsageError: no such command, or no such GPU.
    """
    if command == "show":
        return {gpu.uuid: msgspec.to_builtins(gpu.state) for gpu in node.gpus()}
    if command == "reboot":
        node.reboot()
        return {"rebooted": node.machine.name}
    if command not in COMMANDS:
        message = f"unknown command {command!r}; there are: {', '.join(COMMANDS)}"
        raise UsageError(message)
    if index is None or not 0 <= index < len(node.states):
        message = f"{command}: wanted a GPU from 0 to {len(node.states) - 1}, found {index}"
        raise UsageError(message)
    node.replace(index, lost=command == "lose")
    return {"gpu": index, "lost": command == "lose"}


def send(folder: Path, command: str, index: int | None, timeout_s: float = 10) -> Any:
    """Ask the daemon of FOLDER.

    Raises:
        WorldError: no daemon there.
        UsageError: the daemon refused the command.
    """
    text = json.dumps({"command": command, "index": index}).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(timeout_s)
        try:
            channel.connect(str(folder / "driver.sock"))
            channel.sendall(wire.control_request(text))
            with channel.makefile("rb") as reader:
                (length,) = struct.unpack("<I", reader.read(4))
                answer = json.loads(reader.read(length))
        except (OSError, struct.error) as error:
            message = (
                f"no node daemon answers at {folder}/driver.sock ({error}); start one with fake-nvml serve"
            )
            raise WorldError(message) from error
    if "error" in answer:
        raise UsageError(answer["error"])
    return answer["result"]
