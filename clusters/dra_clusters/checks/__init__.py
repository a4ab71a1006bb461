"""The behaviours that make a cluster a Kubernetes; run by ``dra_clusters.check`` on any provider.

``behaviour`` says what one is, ``client`` and ``context`` are what it works with, the other modules are the list.
"""
