"""The rows of the kinds outside resource.k8s.io."""

from dra_clusters.embedded.rules.kinds import Kind

KINDS: dict[str, Kind] = {}
