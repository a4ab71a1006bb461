"""Preparing claims: which devices (``prepare``), the records (``checkpoint``), carrying it out (``service``)."""
