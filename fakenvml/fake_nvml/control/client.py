"""How a command gets to the daemon, and its answer back."""

import json
import socket
import struct
from pathlib import Path
from typing import Any

from fake_nvml import wire
from fake_nvml.control.registry import Values, find
from fake_nvml.errors import EnvironmentFault, UsageError


def send(
    folder: Path, name: str, index: int | None = None, values: Values | None = None, timeout_s: float = 10
) -> Any:
    """Ask the daemon of FOLDER.

    Raises:
        EnvironmentFault: no daemon there.
        UsageError: the daemon refused the command.
    """
    find(name, values or {})
    text = json.dumps({"command": name, "index": index, "values": dict(values or {})}).encode()
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
            raise EnvironmentFault(message) from error
    if "error" in answer:
        raise UsageError(answer["error"])
    return answer["result"]
