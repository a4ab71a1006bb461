"""Checks of what feature gates bring to drivers."""
