"""Waits until nothing is missing; says what is when time is over."""

import time
from collections.abc import Callable, Mapping

from dra_clusters.errors import EnvironmentFault


def wait_until_complete(
    missing: Callable[[], Mapping[str, str]], *, what: str, limit_s: float, pause_s: float
) -> None:
    """Wait until MISSING, {name: why}, is empty; WHAT is what those names are.

    Raises:
        EnvironmentFault: it is not within LIMIT_S.
    """
    deadline = time.monotonic() + limit_s
    while lacking := missing():
        if time.monotonic() > deadline:
            reasons = "; ".join(f"{name}: {why}" for name, why in lacking.items())
            message = f"{what} after {limit_s:.0f} s: {reasons}"
            raise EnvironmentFault(message)
        time.sleep(pause_s)
