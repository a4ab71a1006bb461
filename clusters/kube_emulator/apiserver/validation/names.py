"""The forms of names: each function lists what is wrong with a text, with apimachinery's messages (1.36).

Sources: ``pkg/api/validate/content/{dns,kube,identifier}.go`` and ``pkg/util/validation/validation.go``. The caller knows
the field and makes causes of the messages (``each``).
"""

import functools
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator

from kube_emulator.apiserver.validation.causes import Cause, invalid

Problems = Callable[[str], list[str]]

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_VALUE = f"({QUALIFIED})?"
C_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
CONFIG_KEY = r"[-._a-zA-Z0-9]+"
CONDITION_REASON = r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
REMEMBERED = 4096
"""Size of the caches: the names in one slice and in the next are mostly the same."""
PARTS = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"


def each(field: str, value: str, problems: Iterable[str]) -> Iterator[Cause]:
    """One cause for each of the PROBLEMS of the VALUE at FIELD."""
    for problem in problems:
        yield invalid(field, value, problem)


def too_long_text(limit: int, unit: str = "characters") -> str:
    """The message for a text of more than LIMIT bytes; older rules say characters and count bytes too."""
    return f"must be no more than {limit} {unit}"


def form(message: str, pattern: str, *examples: str) -> str:
    """The message for a text that does not match PATTERN (validation.RegexError)."""
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


@functools.lru_cache(maxsize=REMEMBERED)
def matches(pattern: str, text: str) -> bool:
    """Whether the whole TEXT matches."""
    return re.fullmatch(pattern, text) is not None


def size(text: str) -> int:
    """The length of TEXT in bytes, which every limit counts."""
    return len(text.encode())


def label(text: str) -> list[str]:
    """DNS label, RFC 1123."""
    found = [too_long_text(63)] if size(text) > 63 else []
    if not matches(LABEL, text):
        if matches(SUBDOMAIN, text):
            return [*found, "must not contain dots"]
        message = (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
            "and must start and end with an alphanumeric character"
        )
        found.append(form(message, LABEL, "my-name", "123-abc"))
    return found


def long_name(text: str) -> list[str]:
    """DNS subdomain, with the message of declarative validation (``bytes``)."""
    return subdomain(text, "bytes")


def subdomain(text: str, unit: str = "characters") -> list[str]:
    """DNS subdomain, RFC 1123."""
    found = [too_long_text(253, unit)] if size(text) > 253 else []
    if not matches(SUBDOMAIN, text):
        message = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
            "and must start and end with an alphanumeric character"
        )
        found.append(form(message, SUBDOMAIN, "example.com"))
    return found


def label_1035(text: str) -> list[str]:
    """DNS label, RFC 1035: it starts with a letter."""
    found = [too_long_text(63)] if size(text) > 63 else []
    if not matches(LABEL_1035, text):
        message = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
            "start with an alphabetic character, and end with an alphanumeric character"
        )
        found.append(form(message, LABEL_1035, "my-name", "abc-123"))
    return found


def qualified(text: str) -> list[str]:
    """Label key: ``[prefix/]name``."""
    *prefixes, name = text.split("/")
    if len(prefixes) > 1:
        shown = form(PARTS, QUALIFIED, "MyName", "my.name", "123-abc")
        return [
            f"a valid label key {shown} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    found = []
    for prefix in prefixes:
        problems = long_name(prefix) if prefix else ["must be non-empty"]
        found += [f"prefix part {problem}" for problem in problems]
    if not name:
        found.append("name part must be non-empty")
    elif size(name) > 63:
        found.append(f"name part {too_long_text(63, 'bytes')}")
    if not matches(QUALIFIED, name):
        found.append(f"name part {form(PARTS, QUALIFIED, 'MyName', 'my.name', '123-abc')}")
    return found


def label_value(text: str) -> list[str]:
    """Value of a label; may be empty."""
    found = [too_long_text(63, "bytes")] if size(text) > 63 else []
    if not matches(LABEL_VALUE, text):
        message = f"a valid label must be an empty string or {PARTS.removeprefix('must ')}"
        found.append(form(message, LABEL_VALUE, "MyValue", "my_value", "12345"))
    return found


def c_identifier(text: str) -> list[str]:
    """Identifier as in C, of any length."""
    if matches(C_IDENTIFIER, text):
        return []
    message = (
        "a valid C identifier must start with alphabetic character or '_', "
        "followed by a string of alphanumeric characters or '_'"
    )
    return [form(message, C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


def config_key(text: str) -> list[str]:
    """Key of a ConfigMap or Secret."""
    found = [too_long_text(253)] if size(text) > 253 else []
    if not matches(CONFIG_KEY, text):
        message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        found.append(form(message, CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if text in (".", ".."):
        found.append(f"must not be '{text}'")
    elif text.startswith(".."):
        found.append("must not start with '..'")
    return found


def path_segment(text: str) -> list[str]:
    """What can be one segment of a URL's path (``pkg/api/validate/content/path.go``)."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{letter}'" for letter in ("/", "%") if letter in text]


def condition_reason(text: str) -> list[str]:
    """Reason of a ``metav1.Condition``."""
    if matches(CONDITION_REASON, text):
        return []
    message = (
        "a condition reason must start with alphabetic character, optionally followed by a string of "
        "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'"
    )
    examples = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
    return [form(message, CONDITION_REASON, *examples)]


def env_name(text: str) -> list[str]:
    """Name of an environment variable (relaxed since 1.34)."""
    found = [] if text else ["environment variable name must be non-empty"]
    if any(not " " <= letter <= "~" or letter == "=" for letter in text):
        found.append(
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )
    return found


def interface_address(text: str) -> list[str]:
    """Address with its prefix length, in canonical form (``pkg/util/validation/ip.go``)."""
    try:
        if "/" not in text:
            raise ValueError(text)
        found = str(ipaddress.ip_interface(text))
    except ValueError:
        return ["must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"]
    return [] if found == text else [f'must be in canonical form ("{found}")']


def generated(check: Problems) -> Problems:
    """CHECK for a ``generateName``, which may end with a dash because a suffix follows (maskTrailingDash)."""

    def problems(text: str) -> list[str]:
        masked = f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text
        return check(masked)

    return problems


def port_name(text: str) -> list[str]:
    """Name of a container's port (IANA service name)."""
    found = [too_long_text(15)] if size(text) > 15 else []
    if not matches("[-a-z0-9]+", text):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any("a" <= letter <= "z" for letter in text):
        found.append("must contain at least one letter (a-z)")
    if "--" in text:
        found.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return found
