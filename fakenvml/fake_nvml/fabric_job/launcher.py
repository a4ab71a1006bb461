"""The launcher: it connects to the workers, has every rank read the memory of every other one, and prints the result."""

import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

from fake_nvml.errors import EnvironmentFault
from fake_nvml.fabric_job.links import Links
from fake_nvml.fabric_job.messages import Message, receive, send
from fake_nvml.fabric_job.report import Rank, header, results

Address = tuple[str, int]
ANSWER_S = 120.0
REDIAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Connection:
    """One worker."""

    address: Address
    channel: socket.socket
    stream: BinaryIO

    def ask(self, **message: object) -> Message:
        """Its answer.

        Raises:
            EnvironmentFault: it has an error, or went away.
        """
        where = f"worker {self.address[0]}:{self.address[1]}"
        try:
            send(self.channel, message)
            answer = receive(self.stream)
        except (OSError, ValueError) as error:
            text = f"{where}: {error}"
            raise EnvironmentFault(text) from error
        if answer is None or "error" in answer:
            text = f"{where}: {answer['error'] if answer else 'it went away'}"
            raise EnvironmentFault(text)
        return answer


def connect(address: Address, deadline: float) -> socket.socket:
    """A connection to a worker, which may start later than this.

    Raises:
        EnvironmentFault: it is not there at the DEADLINE.
    """
    while True:
        try:
            channel = socket.create_connection(address, timeout=ANSWER_S)
        except OSError as error:
            if time.monotonic() > deadline:
                text = f"no worker at {address[0]}:{address[1]}: {error.strerror or error}"
                raise EnvironmentFault(text) from error
            time.sleep(REDIAL_S)
        else:
            return channel


def launch(workers: Sequence[Address], length: int, wait_s: float) -> None:
    """Run the job.

    Raises:
        EnvironmentFault: a worker is not there, CUDA refused something, or bytes differ.
    """
    deadline = time.monotonic() + wait_s
    with ExitStack() as stack:
        connections = []
        for address in workers:
            channel = stack.enter_context(connect(address, deadline))
            connections.append(Connection(address, channel, stack.enter_context(channel.makefile("rb"))))
        places, ranks = describe(connections)
        show(header(ranks))
        exchange(places, ranks, length)
        show(results(ranks, length))
        for connection in connections:
            send(connection.channel, {"do": "end"})


def describe(connections: Sequence[Connection]) -> tuple[list[tuple[Connection, int]], list[Rank]]:
    """Where each rank is, and what it is."""
    places, ranks = [], []
    for connection in connections:
        answer = connection.ask(do="describe")
        for number, gpu in enumerate(answer["gpus"]):
            places.append((connection, number))
            links = Links(int(gpu["links"]), int(gpu["mb_s"]))
            ranks.append(Rank(str(answer["host"]), number, str(gpu["name"]), str(gpu["uuid"]), links))
    return places, ranks


def exchange(places: Sequence[tuple[Connection, int]], ranks: Sequence[Rank], length: int) -> None:
    """Every rank reads what every other one offers.

    Raises:
        EnvironmentFault: CUDA refused it, or bytes differ.
    """
    for source, (owner, gpu) in enumerate(places):
        handle = owner.ask(do="offer", gpu=gpu, bytes=length, seed=source)["handle"]
        for target, (reader, own) in enumerate(places):
            if target == source:
                continue
            answer = reader.ask(do="read", gpu=own, bytes=length, seed=source, handle=handle)
            if not answer["equal"]:
                text = f"rank {target} ({ranks[target].host}) read other bytes than rank {source} ({ranks[source].host}) wrote"
                raise EnvironmentFault(text)


def show(text: str) -> None:
    """Print."""
    print(text, file=sys.stdout, flush=True)  # noqa: T201 # the program's output
