"""Stubs, written by ``python -m dra_api.generate``; edits are lost."""
