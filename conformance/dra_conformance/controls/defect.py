"""What a defect of the control driver is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to be wrong.

    Attributes:
        violates: the requirements of which at least one check must fail, and every one must be broken.
        seen: a public thread about a driver with a fault of this kind.
    """

    name: str
    violates: tuple[str, ...]
    what: str
    seen: str = ""
