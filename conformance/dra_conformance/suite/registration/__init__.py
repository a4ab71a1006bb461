"""Checks of the area: Registration with the kubelet."""
