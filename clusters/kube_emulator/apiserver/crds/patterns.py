"""The regular expressions of schemas (``pattern``), compiled by RE2, which has Go's syntax and linear time.

Python's engine backtracks: ``^(a+)+$`` takes exponential time, and one such kind would stop the server.
"""

import re2

from kube_emulator.apiserver.cel.library import expression


def matches(pattern: str, text: str) -> bool:
    """Whether PATTERN matches a part of TEXT; a malformed pattern always does."""
    try:
        return expression(pattern).search(text) is not None
    except re2.error:
        return True


def problem(pattern: str) -> str:
    """Why PATTERN does not compile; empty if it does."""
    try:
        expression(pattern)
    except re2.error as error:
        return bytes(error.args[0]).decode(errors="replace")
    return ""
