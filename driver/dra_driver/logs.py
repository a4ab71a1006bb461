"""The driver's log on standard error: text for people or JSON for machines, one line per record.

Claim, device, pool and error are fields of both formats, and so are the traceback (``exception``) and the stack
(``stack``) of a record that has them.
"""

import json
import logging
import sys
import time

FIELDS = ("claim", "device", "pool", "error")
CONTROL_CHARACTERS = {code: repr(chr(code))[1:-1] for code in (*range(32), 127) if chr(code) != "\t"}
"""Escapes for one line of text: the text of an error may come from the API server or the kubelet."""


class LineFormatter(logging.Formatter):
    """What both formats have in common."""

    def fields_of(self, record: logging.LogRecord) -> dict[str, str]:
        """The fields that RECORD has, by name, as text."""
        fields = {name: str(getattr(record, name)) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        return fields


class TextFormatter(LineFormatter):
    """``12:00:00 INFO message claim=...``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; line breaks within it are escaped."""
        fields = "".join(f" {name}={value}" for name, value in self.fields_of(record).items())
        clock = time.strftime("%H:%M:%S", time.gmtime(record.created))
        line = f"{clock} {record.levelname:7} {record.getMessage()}{fields}"
        return line.translate(CONTROL_CHARACTERS)


class JsonFormatter(LineFormatter):
    """One JSON object per line: time (seconds since 1970), level, logger, message and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        row = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.fields_of(record),
        }
        return json.dumps(row)


def set_up(log_format: str, level: str) -> None:
    """Send the log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx2", "httpcore2", "grpc"):  # these log every request
        logging.getLogger(noisy).setLevel(logging.WARNING)
