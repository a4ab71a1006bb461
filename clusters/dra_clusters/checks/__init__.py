"""The behaviours that make a cluster a Kubernetes; run by ``dra_clusters.check`` on any provider.

``behaviour`` defines one; ``context`` and ``client`` are what it uses; the other modules are the list.
"""
