"""Which behaviours of a cluster prove which requirement.

``dra_clusters.checks`` has the list of what a cluster does, each behaviour with its upstream source. Where a requirement
on the cluster is such behaviours, the suite runs them instead of looking a second time. A pattern (``slices/*``) means
the behaviours that no other requirement names; so each behaviour is run once and has one verdict.
"""

import fnmatch
from collections.abc import Collection, Iterator

from dra_conformance.rules.clusters import apiserver, controllers, kubelet, scheduler
from dra_conformance.rules.clusters.proof import Proof

PROOFS = (*apiserver.PROOFS, *scheduler.PROOFS, *controllers.PROOFS, *kubelet.PROOFS)


def behaviours_of(proof: Proof, listed: Collection[str]) -> Iterator[str]:
    """The ids of PROOF's behaviours out of all that are LISTED; what another proof names is not part of a pattern."""
    named = {name for each in PROOFS for name in each.behaviours if "*" not in name}
    for pattern in proof.behaviours:
        if "*" not in pattern:
            yield pattern
        else:
            yield from (name for name in listed if fnmatch.fnmatchcase(name, pattern) and name not in named)
