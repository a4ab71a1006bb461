"""Descriptors that come with the suite."""
