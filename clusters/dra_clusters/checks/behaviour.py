"""What a behaviour is: a sentence about a cluster with its source, and a function that raises where it does not hold.

The lists register theirs with the decorator ``behaviour``; the docstring is the sentence. Functions run in
parallel and repeatedly on one cluster, so each works in a namespace and with names of its own (see ``context``).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kube_emulator.releases.release import Release

UPSTREAM = "k/k 1.36 "
"""The prefix of paths in kubernetes/kubernetes at release 1.36, whose binaries confirmed the expectation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One thing that a cluster does.

    Attributes:
        id: ``area/what``.
        source: where Kubernetes says so.
        needs: capabilities of the cluster, see ``provider.Cluster.capabilities``.
        since: the first release that does so by default, e.g. ``1.34``.
        until: the last one; empty if it still does.
        run: takes a ``context.CheckContext``.
    """

    id: str
    sentence: str
    source: str
    needs: frozenset[str]
    since: Release
    until: Release | None
    run: Callable[[Any], None]


REGISTERED: dict[str, Behaviour] = {}


def register(
    identity: str,
    sentence: str,
    run: Callable[[Any], None],
    *,
    source: str,
    needs: Iterable[str] = ("api",),
    since: str = "1.34",
    until: str = "",
) -> None:
    """Add to the list.

    Raises:
        ValueError: there is one of that id.
    """
    if identity in REGISTERED:
        message = f"two behaviours have the id {identity}"
        raise ValueError(message)
    REGISTERED[identity] = Behaviour(
        id=identity,
        sentence=sentence,
        source=source,
        needs=frozenset(needs),
        since=Release.parse(since),
        until=Release.parse(until) if until else None,
        run=run,
    )


def behaviour(
    identity: str, source: str, *, needs: Iterable[str] = ("api",), since: str = "1.34", until: str = ""
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register a function whose docstring is the sentence."""

    def add(run: Callable[[Any], None]) -> Callable[[Any], None]:
        sentence = " ".join((run.__doc__ or "").split())
        register(identity, sentence, run, source=source, needs=needs, since=since, until=until)
        return run

    return add
