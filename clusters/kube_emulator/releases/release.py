"""Pure: the one list of Kubernetes releases that the emulator can be. A release is a value that compares by number.

Everything else that depends on the release (feature gates, served versions, wording of refusals) refers to these values.
"""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """A minor release of Kubernetes; ``str`` gives ``1.37``."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The release that TEXT names: ``1.36``, or a patch of it such as ``1.36.3`` or ``v1.36.3``.

        Raises:
            ValueError: TEXT is no version.
        """
        found = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(\.\S*)?", text, re.ASCII)
        if found is None:
            message = f"{text!r} is not a Kubernetes version such as 1.37"
            raise ValueError(message)
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


V1_34 = Release(1, 34)
V1_35 = Release(1, 35)
V1_36 = Release(1, 36)
V1_37 = Release(1, 37)
V1_38 = Release(1, 38)
"""Beta, may change: as 1.38.0-beta.0 is."""

RELEASES = (V1_34, V1_35, V1_36, V1_37, V1_38)
"""Oldest first."""

LATEST = V1_37
"""The newest stable one; it is the default."""
