"""The log: one line per record in both formats, with tracebacks."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dra_driver.logs import JsonFormatter, TextFormatter, set_up


def record(message: str = "prepare of %s failed", *arguments: object, **members: Any) -> logging.LogRecord:
    made = logging.LogRecord(
        "dra_driver.x",
        logging.ERROR,
        "x.py",
        1,
        message,
        arguments or ("ns/c",),
        members.pop("exc_info", None),
    )
    vars(made).update(members)
    return made


def raised() -> Any:
    try:
        message = "the disk is full"
        raise OSError(message)
    except OSError:
        return sys.exc_info()


def test_text_has_the_message_and_the_fields() -> None:
    line = TextFormatter().format(record(claim="u1", error="no answer", created=0))
    assert line == "00:00:00 ERROR   prepare of ns/c failed claim=u1 error=no answer"


def test_json_has_the_message_and_the_fields() -> None:
    row = json.loads(JsonFormatter().format(record(claim="u1", created=1.5)))
    assert row == {
        "time": 1.5,
        "level": "error",
        "logger": "dra_driver.x",
        "message": "prepare of ns/c failed",
        "claim": "u1",
    }


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_traceback_and_a_stack_are_printed_in_the_record_s_one_line(formatter: logging.Formatter) -> None:
    line = formatter.format(record(exc_info=raised(), stack_info="Stack (most recent call last):\n  main"))
    assert "\n" not in line
    assert "Traceback (most recent call last):\\n" in line
    assert "OSError: the disk is full" in line
    assert "Stack (most recent call last):\\n  main" in line


def test_line_breaks_and_terminal_escapes_in_an_error_are_printed_as_text() -> None:
    line = TextFormatter().format(record(error="a\r\nb\x1b[31mred"))
    assert line.endswith(r"error=a\r\nb\x1b[31mred")


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize(("log_format", "formatter"), [("text", TextFormatter), ("json", JsonFormatter)])
def test_set_up_chooses_the_format_and_silences_libraries(
    root_logger: logging.Logger, log_format: str, formatter: type[logging.Formatter]
) -> None:
    set_up(log_format, "debug")
    assert isinstance(root_logger.handlers[0].formatter, formatter)
    assert root_logger.level == logging.DEBUG
    assert not logging.getLogger("httpx2").isEnabledFor(logging.INFO)
