"""The named formats of texts: what ``format.NAME().validate(text)`` returns (apiserver pkg/cel/library/format.go, 1.36)."""

import base64
import binascii
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

LABEL, LABEL_1035 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?", "[a-z]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
SHAPE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
MESSAGES = {
    LABEL: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and"
    " end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '%s')",
    LABEL_1035: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic"
    " character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '%s')",
    SUBDOMAIN: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must"
    " start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '%s')",
}
UUID = re.compile("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Format:
    """A named format."""

    name: str


def shaped(pattern: str, limit: int, *, prefix: bool = False) -> Callable[[str], list[str]]:
    """The check of names that match PATTERN; PREFIX: of a ``generateName``, whose trailing dash a suffix follows."""

    def problems(text: str) -> list[str]:
        tried = text[:-1] + "a" if prefix and len(text) > 1 and text.endswith("-") else text
        found = [f"must be no more than {limit} characters"] if len(text) > limit else []
        fits = re.fullmatch(pattern, tried) is not None
        return found if fits else [*found, MESSAGES[pattern] % pattern]

    return problems


def qualified_name(text: str) -> list[str]:
    """A label's key."""
    prefix, slash, name = text.rpartition("/")
    if slash and "/" in prefix:
        shape = (
            "a qualified name "
            + SHAPE
            + " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation"
        )
        return [
            shape
            + f" is '{QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    found = [f"prefix part {why}" for why in shaped(SUBDOMAIN, 253)(prefix)] if slash and prefix else []
    if slash and not prefix:
        found.append("prefix part must be non-empty")
    if not name:
        found.append("name part must be non-empty")
    if len(name) > 63:
        found.append("name part must be no more than 63 characters")
    if not re.fullmatch(QUALIFIED, name):
        example = f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
        found.append(f"name part {SHAPE} {example}")
    return found


def label_value(text: str) -> list[str]:
    """A label's value."""
    found = ["must be no more than 63 characters"] if len(text) > 63 else []
    if not re.fullmatch(f"({QUALIFIED})?", text):
        example = (
            f"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({QUALIFIED})?')"
        )
        found.append(f"a valid label must be an empty string or {SHAPE[5:]} {example}")
    return found


def unreadable(problem: str, read: Callable[[str], object]) -> Callable[[str], list[str]]:
    """The check that reports PROBLEM for a text that READ refuses."""

    def problems(text: str) -> list[str]:
        try:
            read(text)
        except (ValueError, binascii.Error):
            return [problem]
        return []

    return problems


def uri(text: str) -> list[str]:
    """The check of ``url.ParseRequestURI``."""
    if not text:
        return ['parse "": empty url']
    if urlsplit(text).scheme or text.startswith("/"):
        return []
    return [f'parse "{text}": invalid URI for request']


def uuid(text: str) -> str:
    """A UUID.

    Raises:
        ValueError: TEXT is something else.
    """
    if not UUID.fullmatch(text):
        raise ValueError(text)
    return text


FORMATS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": shaped(LABEL, 63),
    "dns1123Subdomain": shaped(SUBDOMAIN, 253),
    "dns1035Label": shaped(LABEL_1035, 63),
    "qualifiedName": qualified_name,
    "dns1123LabelPrefix": shaped(LABEL, 63, prefix=True),
    "dns1123SubdomainPrefix": shaped(SUBDOMAIN, 253, prefix=True),
    "dns1035LabelPrefix": shaped(LABEL_1035, 63, prefix=True),
    "labelValue": label_value,
    "uri": uri,
    "uuid": unreadable("does not match the UUID format", uuid),
    "byte": unreadable("invalid base64", lambda text: base64.b64decode(text, validate=True)),
    "date": unreadable("invalid date", datetime.date.fromisoformat),
    "datetime": unreadable("invalid datetime", datetime.datetime.fromisoformat),
}
"""{name: its check}."""


def named(name: str) -> Format | None:
    """The format NAME; None if there is none."""
    return Format(name) if name in FORMATS else None


def validate(wanted: Format, text: str) -> list[str]:
    """What is wrong with TEXT; empty if it has the format."""
    return FORMATS[wanted.name](text)
