"""Patches that change a document without knowing who owns what."""
