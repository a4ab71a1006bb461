"""Checks of the area: NodePrepareResources."""
