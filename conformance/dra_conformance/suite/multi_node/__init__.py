"""Checks of the area multi-node: on racks of an emulated cluster, with the driver on every node."""
