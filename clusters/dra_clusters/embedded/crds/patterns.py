"""The regular expressions of schemas (``pattern``), read by RE2: Go's syntax, and time that grows only with the text.

Python's own would take a lifetime for ``^(a+)+$``, and one such kind would stop the server. CEL's ``matches`` is RE2.
"""

import functools
from typing import Any

from cel_expr_python import cel


@functools.cache
def program() -> Any:
    """``text.matches(pattern)``."""
    environment = cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING})
    return environment.compile("text.matches(pattern)")


def matches(pattern: str, text: str) -> bool:
    """Whether TEXT holds PATTERN; all texts hold one that is none."""
    result = program().eval(data={"text": text, "pattern": pattern})
    return bool(result.type() == cel.Type.ERROR or result.value())


def problem(pattern: str) -> str:
    """Why PATTERN is no regular expression; empty if it is one."""
    result = program().eval(data={"text": "", "pattern": pattern})
    return str(result.value()).removeprefix("INVALID_ARGUMENT: ") if result.type() == cel.Type.ERROR else ""
