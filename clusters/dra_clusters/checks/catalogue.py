"""The whole list: importing the modules that register behaviours is what makes it."""

from dra_clusters.checks import (  # noqa: F401 # each registers its behaviours
    access,
    applying,
    basics,
    choosing,
    claims,
    concurrency,
    controllers,
    conversion,
    custom_schemas,
    customs,
    daemon_sets,
    devices,
    discovery,
    fields,
    garbage,
    jobs,
    kubelet,
    listing,
    media_types,
    metadata,
    namespaces,
    neighbours,
    observing,
    patching,
    pod_life,
    pods,
    policies,
    pooling,
    priorities,
    quotas,
    registering,
    scheduling,
    services,
    shared_slices,
    slice_policy,
    slices,
    statuses,
    tables,
    tokens,
    tolerating,
    waking,
    watching,
    webhooks,
    workloads,
)
from dra_clusters.checks.behaviour import REGISTERED, Behaviour


def behaviours() -> list[Behaviour]:
    """All of them, by id."""
    return [REGISTERED[identity] for identity in sorted(REGISTERED)]
