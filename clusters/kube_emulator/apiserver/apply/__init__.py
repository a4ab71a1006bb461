"""Ownership of an object's fields: server-side apply and the tracking of updates."""
