"""IMEX, by which the nodes of an NVLink domain share memory: configuration, connections between nodes, and their report.

The nodes really talk to each other over TCP, so a node that is gone, a name that does not resolve, another version and
another list of nodes are seen as the real service shows them. What they exchange is a protocol of this project.
"""
