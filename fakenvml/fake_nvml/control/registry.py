"""Which commands there are, and how the values that they are given are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fake_nvml.errors import UsageError

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Command:
    """``values`` are those it may be given by name; ``about_gpu``: it needs the index of one."""

    text: str
    act: Callable[..., Any]
    values: tuple[str, ...] = ()
    about_gpu: bool = True


COMMANDS: dict[str, Command] = {}


def command(
    name: str, text: str, *values: str, about_gpu: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a command."""

    def declare(act: Callable[..., Any]) -> Callable[..., Any]:
        COMMANDS[name] = Command(text, act, values, about_gpu)
        return act

    return declare


def number_of(
    values: Values, name: str, otherwise: int | None = None, *, least: int = 0, most: int = 1 << 32
) -> int:
    """The value NAME as a number.

    Raises:
        UsageError: it is none, or out of bounds.
    """
    text = values.get(name)
    if text is None and otherwise is not None:
        return otherwise
    try:
        number = int(str(text), 0)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        message = f"{name}: wanted a number from {least} to {most}, found {text}"
        raise UsageError(message)
    return number


def choice_of(values: Values, name: str, choices: Mapping[str, int]) -> int:
    """The number behind the value NAME.

    Raises:
        UsageError: it is none of CHOICES.
    """
    text = values.get(name, "")
    if text not in choices:
        message = f"{name}: wanted one of {', '.join(choices)}, found {text!r}"
        raise UsageError(message)
    return choices[text]


def find(name: str, values: Values) -> Command:
    """The command of that name, which takes all of VALUES.

    Raises:
        UsageError: there is none, or it does not take one of the values.
    """
    wanted = COMMANDS.get(name)
    if wanted is None:
        message = f"unknown command {name!r}; there are: {', '.join(COMMANDS)}"
        raise UsageError(message)
    unknown = sorted(set(values) - set(wanted.values))
    if unknown:
        message = f"{name}: unknown value {unknown[0]!r}; there are: {', '.join(wanted.values) or 'none'}"
        raise UsageError(message)
    return wanted
