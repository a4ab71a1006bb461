"""Text of drivers, descriptors and servers for terminals and reports: control characters become visible escapes."""

import re
from typing import Any

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""C0 without tab and newline, C1, line separators, bidirectional controls, and what XML and UTF-8 cannot encode."""


def printable(text: object) -> str:
    r"""TEXT with control characters as escapes such as ``\x1b``; newlines and tabs are kept."""
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), str(text))


def one_line(text: object) -> str:
    """TEXT as one printable line."""
    return " ".join(printable(text).split())


def printable_document(document: Any) -> Any:
    """A document of dicts, lists and scalars with every text printable, keys too."""
    if isinstance(document, str):
        return printable(document)
    if isinstance(document, dict):
        return {printable(name): printable_document(value) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [printable_document(item) for item in document]
    return document
