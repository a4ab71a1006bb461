"""The bundle of a run: one ``bundle.tar.gz`` with everything that the verdicts rest on, and a list of its digests.

It has the log with all evidence (gRPC calls decoded and as bytes, API requests, objects, CDI files), ``report.json``, the
descriptor and the drivers' logs. What looks like a credential was replaced when it was recorded, and once more here.
A bundle comes from elsewhere: its size, names and digests are checked before anything of it is used.
"""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dra_conformance.errors import UsageError
from dra_conformance.redaction import redacted

NAME = "bundle.tar.gz"
SCHEMA = "dra-conformance/bundle/v1"
MANIFEST = "manifest.json"
FILES = ("log.jsonl", "report.json", "descriptor.yaml")
SAFE = re.compile(r"(?:logs/)?[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
FILES_MAX = 2_000
BYTES_MAX = 1 << 30


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle has.

    Attributes:
        files: {name: SHA-256 in hexadecimal digits}.
    """

    schema: str
    files: dict[str, str]


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was read.

    Attributes:
        digest: SHA-256 of its manifest, which has the digests of all files.
    """

    digest: str
    files: Mapping[str, bytes]

    def rows(self) -> list[dict[str, Any]]:
        """The lines of the log.

        Raises:
            UsageError: it is no log.
        """
        try:
            return [msgspec.json.decode(line) for line in self.files["log.jsonl"].splitlines()]
        except (KeyError, msgspec.DecodeError) as error:
            message = f"the bundle has no log of a run: {error!r}"
            raise UsageError(message) from error


def write_bundle(folder: Path) -> Path:
    """Pack the report folder of a run; the bundle, which is the same for the same content."""
    files = {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}
    for path in sorted((folder / "logs").glob("*.log")):
        files[f"logs/{path.name}"] = redacted(path.read_bytes().decode(errors="replace")).encode()
    manifest = Manifest(schema=SCHEMA, files={name: sha256(data) for name, data in sorted(files.items())})
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in [(MANIFEST, msgspec.json.encode(manifest)), *sorted(files.items())]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(data))
    target = folder / NAME
    target.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return target


def sha256(data: bytes) -> str:
    """The digest in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_bundle(path: Path) -> Bundle:
    """The bundle in a file, or in the report folder at PATH.

    Raises:
        UsageError: it is none, or a file in it is not what its manifest says.
    """
    if path.is_dir():
        path = path / NAME
    files: dict[str, bytes] = {}
    left = BYTES_MAX
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                name, stream = member.name, archive.extractfile(member) if member.isreg() else None
                left -= member.size
                if stream is None or not SAFE.fullmatch(name) or left < 0 or len(files) >= FILES_MAX:
                    message = f"bundle {path}: {name[:80]!r} is no part of a bundle, or too large"
                    raise UsageError(message)
                files[name] = stream.read()
        raw = files.pop(MANIFEST)
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (OSError, tarfile.TarError, EOFError, KeyError, msgspec.MsgspecError) as error:
        message = f"{path} is no bundle of a run (dra-conformance run writes {NAME}): {error}"
        raise UsageError(message) from error
    found = {name: sha256(data) for name, data in files.items()}
    if manifest.schema != SCHEMA or found != manifest.files:
        wrong = sorted(
            name
            for name in found.keys() | manifest.files.keys()
            if found.get(name) != manifest.files.get(name)
        )
        message = f"bundle {path} was changed after the run: {', '.join(wrong) or manifest.schema}"
        raise UsageError(message)
    return Bundle(digest=sha256(raw), files=files)
