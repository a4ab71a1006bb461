"""What proves a requirement on the cluster."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """A requirement with the behaviours that prove it.

    Attributes:
        why: what happens to users if the cluster does not do so.
    """

    requirement: str
    why: str
    behaviours: tuple[str, ...]
