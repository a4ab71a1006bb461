"""Logs: text for people, JSON lines for machines; claim, device and pool are fields in both."""

import json
import logging
import sys
import time

FIELDS = ("claim", "device", "pool", "error")


class TextFormatter(logging.Formatter):
    """``12:00:00 INFO message claim=...``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = "".join(f" {name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        clock = time.strftime("%H:%M:%S", time.gmtime(record.created))
        return f"{clock} {record.levelname:7} {record.getMessage()}{fields}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line with time (seconds since 1970), level, logger, message and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        row = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: str(getattr(record, name)) for name in FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row)


def set_up(log_format: str, level: str) -> None:
    """Send the driver's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "httpx2", "httpcore2", "grpc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
