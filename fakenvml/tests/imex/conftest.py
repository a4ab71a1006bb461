"""The domains of these tests."""

from imex_domain import domain

__all__ = ["domain"]
