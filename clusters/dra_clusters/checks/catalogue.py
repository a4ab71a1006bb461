"""The whole list: importing the modules that register behaviours is what makes it."""

from dra_clusters.checks import (  # noqa: F401 # each registers its behaviours
    access,
    applying,
    basics,
    claims,
    concurrency,
    controllers,
    conversion,
    customs,
    discovery,
    fields,
    kubelet,
    listing,
    metadata,
    namespaces,
    patching,
    pods,
    pooling,
    scheduling,
    slices,
    statuses,
    tables,
    watching,
)
from dra_clusters.checks.behaviour import REGISTERED, Behaviour


def behaviours() -> list[Behaviour]:
    """All of them, by id."""
    return [REGISTERED[identity] for identity in sorted(REGISTERED)]
