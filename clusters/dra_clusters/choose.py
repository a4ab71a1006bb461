"""Providers by name; each is imported when it is asked for."""

from dra_clusters.errors import UsageError
from dra_clusters.provider import Provider

NAMES = ("binaries", "embedded")


def provider(name: str) -> Provider:
    """The provider NAME.

    Raises:
        UsageError: there is none.
    """
    if name == "embedded":
        from dra_clusters.embedded import EmbeddedProvider

        return EmbeddedProvider()
    if name == "binaries":
        from dra_clusters.binaries.cluster import BinariesProvider

        return BinariesProvider()
    message = f"unknown provider {name!r}; there are: {', '.join(NAMES)}"
    raise UsageError(message)
