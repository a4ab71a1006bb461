"""Parses CEL with Google's C++ library, and reports as cel-go does what cannot be parsed."""

import functools
import re
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

from kube_emulator.apiserver.cel.syntax import nodes, read

STATUS_CODE = re.compile(r"^INVALID_ARGUMENT: | \[INVALID_ARGUMENT\]$")
EXTENSIONS = {True: ("two-var-comprehensions", "lists"), False: ("two-var-comprehensions",)}
"""{whether the release has cel-go's lists extension: extensions with macros}; only macros change what is parsed."""
MACROS = (
    (re.compile(r"has\(\) argument must be a field selection"), "invalid argument to has() macro"),
    (
        re.compile(r"cel\.bind\(\) variable name must be a simple identifier"),
        "cel.bind() variable names must be simple identifiers",
    ),
    (
        re.compile(r"\w+\(\) (first |second )?variable name must be a simple identifier"),
        "argument must be a simple name",
    ),
)
"""(the C++ library's message about a macro, cel-go's message); clients see cel-go's."""
SAME = re.compile(r"<input>:(\d+):(\d+): \w+\(\) second variable must be different from the first variable")
SECOND = re.compile(r"\w+\s*,\s*(\w+)")
PAIRS = re.compile(r"exists_one(?=\s*\()")


FAILED = "compilation failed: "
"""What the API server writes before the errors of the compiler."""


class CompileError(Exception):
    """The text does not compile; the message is the API server's."""


def extensions() -> list[Any]:
    """The extensions that have Python classes; those of ``configured`` are known to the C++ library by name only."""
    return [ext_strings.ExtStrings(), ext_optional.ExtOptional(), ext_bindings.ExtBindings()]


def configured(lists: bool) -> Any:
    """The configuration with the extensions that the Python modules lack."""
    names = "".join(f"- name: {name}\n" for name in EXTENSIONS[lists])
    return cel.NewEnvConfigFromYaml(f"name: selectors\nextensions:\n{names}")


@functools.cache
def parser(lists: bool) -> Any:
    """The environment that parses: macros are all that matters to it."""
    return cel.NewEnv(config=configured(lists), extensions=extensions())


def parse(text: str, *, lists: bool) -> Any:
    """The tree of TEXT.

    Raises:
        CompileError: it cannot be parsed.
    """
    try:
        parsed = parser(lists).compile(text, disable_check=True)
    except Exception as error:  # the library has no class of its own
        message = STATUS_CODE.sub("", STATUS_CODE.sub("", str(error)))
        message = twice(same, text) if (same := SAME.search(message)) else message
        for pattern, wording in MACROS:
            message = pattern.sub(wording, message)
        raise CompileError(f"{FAILED}{message}") from error
    tree = read(parsed.serialize())
    if any(n.call_expr.function == "exists_one" and len(n.call_expr.args) == 3 for n in nodes(tree.expr)):
        # the library has the macro over two variables as existsOne only; with a blank it is as long as cel-go's
        # exists_one, so that positions in later messages stay right
        return parse(PAIRS.sub("existsOne ", text, count=1), lists=lists)
    places = {entry.key: entry.value for entry in tree.source_info.positions}
    # the library accepts a macro variable that is no identifier and leaves its name empty; cel-go refuses it
    for node in nodes(tree.expr):
        loop = node.comprehension_expr
        if node.WhichOneof("kind") == "comprehension_expr" and not loop.iter_var:
            place = places.get(node.id, 0) + 1
            raise CompileError(f"{FAILED}{located(text, place, 'argument is not an identifier')}")
    return tree


def twice(found: re.Match[str], text: str) -> str:
    """The refusal of a macro whose two variables have the same name: cel-go points at the second one."""
    line, column = int(found[1]), int(found[2])
    lines = text.split("\n")
    start = sum(len(before) + 1 for before in lines[: line - 1])
    second = SECOND.match(lines[line - 1], column - 1)
    place, word = (second.start(1), second[1]) if second else (column - 1, "")
    return located(text, start + place, f"duplicate variable name: {word}")


def located(text: str, offset: int, message: str) -> str:
    """MESSAGE about a place in TEXT as the compiler would write it."""
    line, start = text.count("\n", 0, offset) + 1, text.rfind("\n", 0, offset) + 1
    shown_line = text[start:].partition("\n")[0]
    where = f"<input>:{line}:{offset - start + 1}"
    return f"ERROR: {where}: {message}\n | {shown_line}\n | {'.' * (offset - start)}^"
