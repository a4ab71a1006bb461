"""How 1.34 tells of broken rules of resource.k8s.io that newer releases word otherwise (``validation.go``, 1.34.4).

From 1.35 on these rules are declared with the types, which moved paths and dropped some second causes. The rules of this
package speak as the newer releases do; what they found is translated here, so that none of them needs to know both.
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
"""What a second one is blamed on: the member by which items of that list are told apart."""
ATTRIBUTE = re.compile(r"\.attributes\[.*\]$")


def as_1_34(causes: Iterable[Cause]) -> Iterator[Cause]:
    """CAUSES in the words of 1.34."""
    for cause in causes:
        if cause.type == "FieldValueDuplicate":
            yield Cause(cause.type, f"{cause.field}{blamed(cause.field)}", cause.message)
        elif cause.message.startswith('Invalid value: ""') and ATTRIBUTE.search(cause.field):
            yield required(cause.field, "exactly one value must be specified")
        else:
            yield cause
        if cause.type == "FieldValueRequired" and cause.field.endswith(".driver"):
            yield from (invalid(cause.field, "", problem) for problem in names.subdomain(""))


def blamed(path: str) -> str:
    """What is added to the PATH of a second one."""
    return next((f".{member}" for pattern, member in MEMBERS if pattern.search(path)), "")
