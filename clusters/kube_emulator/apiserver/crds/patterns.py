"""The regular expressions of schemas (``pattern``), read by RE2: Go's syntax, and time that grows only with the text.

Python's own would take a lifetime for ``^(a+)+$``, and one such kind would stop the server.
"""

import re2

from kube_emulator.apiserver.cel.library import expression


def matches(pattern: str, text: str) -> bool:
    """Whether TEXT holds PATTERN; all texts hold one that is none."""
    try:
        return expression(pattern).search(text) is not None
    except re2.error:
        return True


def problem(pattern: str) -> str:
    """Why PATTERN is no regular expression; empty if it is one."""
    try:
        expression(pattern)
    except re2.error as error:
        return bytes(error.args[0]).decode(errors="replace")
    return ""
