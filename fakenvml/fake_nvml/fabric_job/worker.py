"""A worker: it waits for the launcher, and does with the GPUs that it sees what that asks.

It serves one launcher, and ends with it. An error of CUDA is answered and ends the worker with exit code 3: after some errors
a process cannot use CUDA any more, so whoever started it starts it again.
"""

import ctypes
import os
import socket
import sys
from typing import BinaryIO

import pynvml

from fake_nvml.errors import EnvironmentFault, UsageError
from fake_nvml.fabric_job.gpu_memory import Buffer, GpuMemory, pattern
from fake_nvml.fabric_job.links import read_links
from fake_nvml.fabric_job.messages import Message, receive, send
from fake_nvml.workload_client import Cuda

BYTES_MAX = 64 << 20


class Worker:
    """The GPUs of one process.

    Args:
        gpus: how many to use; 0: all that it sees.

    Raises:
        EnvironmentFault: no driver.
    """

    def __init__(self, library: str, gpus: int) -> None:
        cuda, count = Cuda(library), ctypes.c_int()
        cuda("cuInit", 0)
        cuda("cuDeviceGetCount", ctypes.byref(count))
        if gpus > count.value:
            message = f"--gpus: wanted {gpus}, this node shows {count.value}"
            raise UsageError(message)
        self._gpus = [GpuMemory(cuda, number) for number in range(gpus or count.value)]
        self._offered: list[Buffer] = []

    def answer(self, message: Message) -> Message:
        """Do what the launcher asks.

        Raises:
            EnvironmentFault: CUDA refused it.
            ValueError, KeyError, TypeError, IndexError: it is no request.
        """
        if message["do"] == "describe":
            return {"host": socket.gethostname(), "gpus": [_described(gpu) for gpu in self._gpus]}
        gpu, length, seed = self._gpus[int(message["gpu"])], int(message["bytes"]), int(message["seed"])
        if not 0 < length <= BYTES_MAX:
            text = f"bytes: wanted 1 to {BYTES_MAX}, found {length}"
            raise ValueError(text)
        if message["do"] == "offer":
            made = gpu.offer(seed, length)
            self._offered.append(made)
            return {"handle": made.handle.hex()}
        if message["do"] == "read":
            found = gpu.fetch(bytes.fromhex(message["handle"]), length)
            return {"equal": found == pattern(seed, length)}
        text = f"do: wanted describe, offer or read, found {message['do']!r:.40}"
        raise ValueError(text)


def _described(gpu: GpuMemory) -> Message:
    name, uuid = gpu.describe()
    try:
        links = read_links(uuid)
    except pynvml.NVMLError as error:
        message = f"NVML does not show the links of {uuid}: {error}"
        raise EnvironmentFault(message) from error
    return {"name": name, "uuid": uuid, "links": links.up, "mb_s": links.mb_s}


def serve(listen: tuple[str, int], library: str, gpus: int) -> None:
    """Wait for the launcher and serve it until it says that it is done.

    Raises:
        EnvironmentFault: the address cannot be used, CUDA refused something, or the launcher went away.
    """
    worker = Worker(library, gpus)
    try:
        with socket.create_server(listen, backlog=1) as server:
            host, port = server.getsockname()[:2]
            print(f"worker {os.getpid()} waits for its launcher at {host}:{port}", flush=True)  # noqa: T201
            channel, _ = server.accept()
        with channel, channel.makefile("rb") as stream:
            converse(worker, channel, stream)
    except OSError as error:
        message = f"worker at {listen[0]}:{listen[1]}: {error.strerror or error}"
        raise EnvironmentFault(message) from error


def converse(worker: Worker, channel: socket.socket, stream: BinaryIO) -> None:
    """Answer until the launcher is done.

    Raises:
        EnvironmentFault: CUDA refused something, or the launcher went away.
    """
    while (message := receive_or_end(stream)).get("do") != "end":
        try:
            send(channel, worker.answer(message))
        except EnvironmentFault as error:
            send(channel, {"error": str(error)})
            raise
        except (ValueError, KeyError, TypeError, IndexError) as error:
            send(channel, {"error": f"malformed request: {error}"})
    print("done", file=sys.stdout, flush=True)  # noqa: T201 # the program's output


def receive_or_end(stream: BinaryIO) -> Message:
    """The next message.

    Raises:
        EnvironmentFault: the launcher went away, or is none.
    """
    try:
        message = receive(stream)
    except ValueError as error:
        text = f"what connected is no launcher: {error}"
        raise EnvironmentFault(text) from error
    if message is None:
        text = "the launcher went away before it was done"
        raise EnvironmentFault(text)
    return message
