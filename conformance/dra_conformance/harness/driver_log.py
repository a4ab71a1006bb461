"""The driver's own log, kept in the report folder when its node is removed: the end of it, without our credentials."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

KEPT_BYTES = 256 << 10
SECRETS = ("token", "client-key-data", "password")


def reserve(folder: Path, driver: str) -> Path:
    """A new empty file ``<driver>-N.log`` in FOLDER; exclusive creation, because several workers write here."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = folder / f"{file_stem(driver)}-{number}.log"
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return path


def kept_logs(folder: Path, driver: str) -> list[Path]:
    """The logs of DRIVER in FOLDER, by number."""
    pattern = re.compile(rf"{re.escape(file_stem(driver))}-(\d+)\.log")
    found = [(match, path) for path in folder.glob("*.log") if (match := pattern.fullmatch(path.name))]
    return [path for match, path in sorted(found, key=lambda pair: int(pair[0][1]))]


def keep(log: Path, kubeconfig: Path, target: Path) -> None:
    """Copy the end of LOG to TARGET; credentials of KUBECONFIG that the driver logged are left out."""
    if not log.exists():
        return
    with log.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - KEPT_BYTES))
        text = stream.read()
    if size > KEPT_BYTES:
        text = f"({size - KEPT_BYTES} bytes before this are left out)\n".encode() + text
    for secret in secrets_of(kubeconfig):
        text = text.replace(secret.encode(), b"(redacted)")
    target.write_bytes(text)


def secrets_of(kubeconfig: Path) -> Iterator[str]:
    """The credentials in a kubeconfig."""
    if not kubeconfig.exists():
        return
    document: Any = yaml.safe_load(kubeconfig.read_text())
    for entry in document.get("users") or []:
        user = entry.get("user") or {}
        yield from (str(user[name]) for name in SECRETS if user.get(name))


def file_stem(driver: str) -> str:
    """DRIVER as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", driver)[:100].lstrip(".") or "driver"
