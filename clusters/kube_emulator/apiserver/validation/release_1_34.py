"""The causes of 1.34 for broken rules of resource.k8s.io whose messages changed later (``validation.go``, 1.34.4).

Since 1.35 these rules are declarative (tags on the types), which moved paths and dropped some second causes. The rules of
this package yield what newer releases report; it is translated here, so that no rule needs to know both forms.
"""

import re
from collections.abc import Iterable, Iterator

from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, invalid, required

MEMBERS = (
    (
        re.compile(r"(?:spec\.devices\.requests|\.firstAvailable|spec\.devices|\.sharedCounters)\[\d+\]$"),
        "name",
    ),
    (re.compile(r"\.consumesCounters\[\d+\]$"), "counterSet"),
    (re.compile(r"^status\.devices\[\d+\]$"), "deviceID"),
    (re.compile(r"^status\.reservedFor\[\d+\]$"), "uid"),
)
"""(path of a list item, the member that is its key): 1.34 reports a duplicate at the key, newer releases at the item."""
ATTRIBUTE = re.compile(r"\.attributes\[.*\]$")


def as_1_34(causes: Iterable[Cause]) -> Iterator[Cause]:
    """CAUSES as 1.34 reports them."""
    for cause in causes:
        if cause.type == "FieldValueDuplicate":
            yield Cause(cause.type, f"{cause.field}{key_of(cause.field)}", cause.message)
        # an attribute without a value was a missing one; today it is a union without a member
        elif cause.message.startswith('Invalid value: ""') and ATTRIBUTE.search(cause.field):
            yield required(cause.field, "exactly one value must be specified")
        else:
            yield cause
        if cause.type == "FieldValueRequired" and cause.field.endswith(".driver"):
            # validateDriverName went on after the missing name and found the empty text malformed too
            yield from (invalid(cause.field, "", problem) for problem in names.subdomain(""))


def key_of(path: str) -> str:
    """The key member of a duplicate at PATH, with its dot; empty where items have no key."""
    return next((f".{member}" for pattern, member in MEMBERS if pattern.search(path)), "")
