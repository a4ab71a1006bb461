"""Pure: Time and MicroTime, parsed as strictly as Go's ``time.Parse`` and with its messages, shown in UTC.

A Time has whole seconds, its fraction is dropped; a MicroTime must have a fraction of six digits (apimachinery v0.36.3
pkg/apis/meta/v1/time.go, micro_time.go).
"""

import re
from datetime import UTC, datetime, timedelta

STEPS = (
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
    ("05", r"\d\d"),
)
ZONE = ("Z07:00", r"Z|[-+]\d\d:\d\d")
LAYOUTS = {
    "Time": (*STEPS, ("", r"(?:[.,]\d+)?"), ZONE),
    "MicroTime": (*STEPS, (".000000", r"[.]\d{6}"), ZONE),
}
RANGES = {
    "01": ("month", 1, 12),
    "02": ("day", 1, 31),
    "15": ("hour", 0, 23),
    "04": ("minute", 0, 59),
    "05": ("second", 0, 59),
}
SHOWN = re.compile(r"\d{4}-(?:0[1-9]|1[012])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")
"""Times that are shown as they are written, which no calendar has to check: by far the most."""


def moment_of(type_name: str, text: str) -> datetime:
    """The time in TEXT, a ``Time`` or ``MicroTime``.

    Raises:
        ValueError: it is malformed; the message is Go's.
    """
    rest, found = text, {}
    for element, pattern in LAYOUTS[type_name]:
        matched = re.match(pattern, rest, re.ASCII)
        if not matched:
            layout = "".join(each for each, _ in LAYOUTS[type_name])
            message = f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}"'
            raise ValueError(message)
        found[element or ".000000"] = matched[0]
        rest = rest[matched.end() :]
    if rest:
        raise ValueError(f'parsing time "{text}": extra text: "{rest}"')
    for element, (name, least, most) in RANGES.items():
        if not least <= int(found[element]) <= most:
            raise ValueError(f'parsing time "{text}": {name} out of range')
    return _moment(text, found)


def _moment(text: str, found: dict[str, str]) -> datetime:
    year, month, day, hour, minute, second = (
        int(found[element]) for element in ("2006", "01", "02", "15", "04", "05")
    )
    micro = int(found[".000000"][1:7].ljust(6, "0"))
    zone = found["Z07:00"]
    try:
        local = datetime(year, month, day, hour, minute, second, micro, UTC)
        if zone == "Z":
            return local
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        return local - shift if zone[0] == "+" else local + shift
    except (ValueError, OverflowError) as error:
        raise ValueError(f'parsing time "{text}": day out of range') from error


def shown(type_name: str, moment: datetime) -> str:
    """MOMENT, which is in UTC, as JSON shows it."""
    spec = "seconds" if type_name == "Time" else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def normal(type_name: str, text: str) -> str:
    """TEXT as the server shows it.

    Raises:
        ValueError: it is malformed.
    """
    if type_name == "Time" and SHOWN.fullmatch(text):
        return text
    return shown(type_name, moment_of(type_name, text))
