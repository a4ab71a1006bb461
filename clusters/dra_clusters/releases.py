"""Pure: releases of Kubernetes by number, so that they can be compared: 1.9 came before 1.10."""

import functools


@functools.cache
def number(release: str) -> tuple[int, ...]:
    """``1.36`` or ``1.36.3`` as numbers."""
    return tuple(map(int, release.split(".")))
