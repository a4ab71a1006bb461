"""Providers by name; each is imported when it is used."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Literal, overload

from dra_clusters.errors import UsageError
from dra_clusters.provider import Cluster, ClusterOptions, EmulatedCluster, Provider, check_own_options

NAMES = ("binaries", "embedded", "existing", "kind")


def provider(name: str) -> Provider:
    """The provider NAME.

    Raises:
        UsageError: there is no such provider.
    """
    if name == "embedded":
        from dra_clusters.embedded import EmbeddedProvider

        return EmbeddedProvider()
    if name == "binaries":
        from dra_clusters.binaries.cluster import BinariesProvider

        return BinariesProvider()
    if name == "existing":
        from dra_clusters.existing import ExistingProvider

        return ExistingProvider()
    if name == "kind":
        from dra_clusters.kind.provider import KindProvider

        return KindProvider()
    message = f"unknown provider {name!r}; there are: {', '.join(NAMES)}"
    raise UsageError(message)


@overload
def start_cluster(
    options: ClusterOptions | None = None, *, provider: Literal["embedded"] = "embedded"
) -> AbstractContextManager[EmulatedCluster]: ...
@overload
def start_cluster(
    options: ClusterOptions | None = None, *, provider: str
) -> AbstractContextManager[Cluster]: ...
def start_cluster(
    options: ClusterOptions | None = None, *, provider: str = "embedded"
) -> AbstractContextManager[Cluster]:
    """A cluster of PROVIDER that runs for the length of a ``with`` block.

    Raises:
        UsageError: there is no such provider, or it cannot do what OPTIONS say.
        EnvironmentFault: the machine does not allow it.
    """
    return _started(options or ClusterOptions(), provider)


@contextlib.contextmanager
def _started(options: ClusterOptions, name: str) -> Iterator[Cluster]:
    check_own_options(name, options)
    with provider(name).up(options) as cluster:
        yield cluster
