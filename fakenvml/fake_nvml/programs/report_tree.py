"""The tree that ``nvidia-smi -q`` prints, and its two renderings; and how nvidia-smi writes single values.

A node of the tree is (label, XML tag, text or children). What NVML does not answer is N/A, as there; what it answers with
NVML_ERROR_DEPRECATED is the sentence that nvidia-smi 580 and later print (seen in captures of 580.105.08 to 615.23).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import pynvml

NA = "N/A"
DEPRECATED = "Requested functionality has been deprecated"


@dataclass(frozen=True, slots=True)
class Item:
    """One line, or a heading with lines below it.

    ``text``: what ``-q`` prints after the label, where it is not the value; ``deeper``: it is below the line before it there.
    """

    label: str
    tag: str
    value: "str | tuple[Item, ...]"
    text: str | None = None
    deeper: bool = False


def ask(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a getter answers, None if it refuses."""
    try:
        return call(*arguments)
    except pynvml.NVMLError:
        return None


def answered(text_of: Callable[[Any], str], call: Callable[..., Any], *arguments: Any) -> str:
    """The answer of a getter as text, or what nvidia-smi prints when it is refused."""
    try:
        value = call(*arguments)
    except pynvml.NVMLError as error:
        return DEPRECATED if error.value == pynvml.NVML_ERROR_DEPRECATED else NA
    return text_of(value)


def driver_branch() -> int:
    """580 of 580.105.08: rows come and go with it."""
    return int(str(pynvml.nvmlSystemGetDriverVersion()).partition(".")[0])


def filled(structure: Any, call: Callable[..., Any], gpu: Any) -> Any:
    """STRUCTURE after a getter that fills it, None if the getter refuses."""
    return None if ask(call, gpu, pynvml.byref(structure)) is None else structure


def field(gpu: Any, number: int, scope: int = 0) -> Any:
    """A field value as a signed number, None if it is not supported."""
    [answer] = pynvml.nvmlDeviceGetFieldValues(gpu, [(number, scope)])
    if answer.nvmlReturn:
        return None
    kinds = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}
    return getattr(answer.value, kinds[answer.valueType])


def shown(value: Any, unit: str = "") -> str:
    """A value with its unit, or N/A."""
    text = value.decode() if isinstance(value, bytes) else value
    return NA if text is None else f"{text}{unit}"


def switch(value: Any, on: str = "Enabled", off: str = "Disabled") -> str:
    """A truth value as nvidia-smi prints it."""
    return NA if value is None else (on if value else off)


def watts(milliwatts: Any) -> str:
    """Watts with two digits."""
    return NA if milliwatts is None else f"{milliwatts / 1000:.2f} W"


def rounded_up(count: int) -> int:
    """MiB of framebuffer memory as nvidia-smi counts them: a begun one counts (watched with 550.163.01)."""
    return -(-count >> 20)


def mib(count: Any) -> str:
    """Bytes as MiB, rounded up."""
    return NA if count is None else f"{rounded_up(count)} MiB"


def whole_mib(count: Any) -> str:
    """Bytes as MiB, rounded down, as nvidia-smi prints windows of BAR1 (watched with 550.163.01)."""
    return NA if count is None else f"{count >> 20} MiB"


def megahertz(value: Any) -> str:
    """A clock."""
    return shown(value, " MHz")


def pair(values: Any, text_of: Callable[[Any], str] = switch) -> tuple[str, str]:
    """Two values as nvidia-smi prints them."""
    return (NA, NA) if values is None else (text_of(values[0]), text_of(values[1]))


def as_text(items: Iterable[Item], depth: int = 1) -> list[str]:
    """Lines as ``-q`` prints them: values begin in column 42."""
    lines = []
    for item in items:
        label = "    " * (depth + item.deeper) + item.label
        text = item.value if item.text is None else item.text
        if isinstance(text, str):
            lines.append(f"{label:<42}: {text}")
        else:
            lines.append(label)
            lines += as_text(text, depth + 1)
    return lines


def as_xml(items: Iterable[Item], depth: int = 2) -> list[str]:
    """Lines as ``-q -x`` prints them."""
    lines, indent = [], "\t" * depth
    for item in items:
        if isinstance(item.value, str):
            lines.append(f"{indent}<{item.tag}>{escape(item.value)}</{item.tag}>")
        else:
            lines += [f"{indent}<{item.tag}>", *as_xml(item.value, depth + 1), f"{indent}</{item.tag}>"]
    return lines
