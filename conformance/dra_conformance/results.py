"""Where a run inside a cluster leaves its report, besides the output folder: a ConfigMap, or what Sonobuoy collects.

The files of a pod are gone with it. A ConfigMap holds 1 MiB, so it gets the files of a report in the order of their use, as
many as fit, and the names of those that do not. Sonobuoy waits for a file ``done`` that names the archive with the results
(sonobuoy 0.57 pkg/worker, GatherResults), so that is written however the run ended.
"""

import gzip
import os
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xml.sax.saxutils import escape

from dra_clusters import pod_account
from dra_clusters.errors import ClusterError
from dra_clusters.existing import chosen_kubeconfig
from dra_clusters.provider import ClusterOptions
from dra_clusters.raw_client import RawClient
from dra_conformance.errors import HarnessError, UsageError

ROOM = 900 * 1024
"""Bytes of values: a ConfigMap has at most 1 MiB of them (kubernetes pkg/apis/core/validation, MaxSecretSize)."""
PLAIN = ("junit.xml", "conformance-report.yaml", "ai-conformance.yaml", "badge.json")
PACKED = ("report.json", "report.html")
WHOLE = ("bundle.tar.gz",)
ARCHIVE, DONE = "dra-conformance.tar.gz", "done"
SONOBUOY_VARIABLE, SONOBUOY_DIR = "SONOBUOY_RESULTS_DIR", "/tmp/sonobuoy/results"  # noqa: S108 # Sonobuoy's own
WANTED = "wanted configmap/NAME, configmap/NAMESPACE/NAME or sonobuoy"


class Place(Protocol):
    """Where results go."""

    def begin(self) -> None:
        """See that results can be left here, before anything is judged.

        Raises:
            HarnessError: they cannot.
        """

    def finish(self, folder: Path, code: int, said: str) -> None:
        """Leave the report in FOLDER of a run that ended with exit code CODE; SAID is the error that ended it, if one did.

        Raises:
            HarnessError: it cannot be left.
        """


def place_of(text: str, kubeconfig: str, context: str) -> Place | None:
    """The place that TEXT names; a ConfigMap is in the cluster of KUBECONFIG.

    Raises:
        UsageError: it names none.
    """
    if not text:
        return None
    kind, *names = text.split("/")
    if kind == "sonobuoy" and not names:
        return Sonobuoy(Path(os.environ.get(SONOBUOY_VARIABLE) or SONOBUOY_DIR))
    if kind == "configmap" and len(names) in (1, 2) and all(names):
        return ReportMap(
            name=names[-1],
            namespace=names[0] if len(names) == 2 else own_namespace(),
            kubeconfig=Path(kubeconfig) if kubeconfig else None,
            context=context,
        )
    message = f"--results {text!r}: {WANTED}"
    raise UsageError(message)


def own_namespace() -> str:
    """Of the pod in which this runs; outside of a cluster ``default``."""
    return pod_account.namespace_of() if pod_account.is_in_pod(os.environ) else "default"


def handed_over(place: Place, folder: Path, judge: Callable[[], int]) -> int:
    """Judge, and leave the report at PLACE however that ends; the exit code.

    Raises:
        UsageError, HarnessError: as JUDGE, or the report cannot be left.
    """
    place.begin()
    code, said = 1, "the run was ended"
    try:
        code, said = judge(), ""
    except (UsageError, HarnessError) as error:
        code, said = 2 if isinstance(error, UsageError) else 3, str(error)
        raise
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else code
        raise
    finally:
        place.finish(folder, code, said)
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMap:
    """A ConfigMap, which is made if it is not there."""

    name: str
    namespace: str
    kubeconfig: Path | None
    context: str

    def begin(self) -> None:
        """Empty it."""
        self._write({"state": "running"}, {})

    def finish(self, folder: Path, code: int, said: str) -> None:
        """Fill it."""
        files = {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}
        texts, bytes_ = chosen(files)
        ended = {"state": "ended", "exit-code": str(code)}
        self._write({**texts, **ended, **({"error": said} if said else {})}, bytes_)

    def _write(self, texts: Mapping[str, str], bytes_: Mapping[str, bytes]) -> None:
        base = f"/api/v1/namespaces/{self.namespace}/configmaps"
        body = {"data": texts, "binaryData": {name: b64encode(one).decode() for name, one in bytes_.items()}}
        where = f"--results: ConfigMap {self.namespace}/{self.name}"
        try:
            with tempfile.TemporaryDirectory(prefix="dra-") as folder:
                options = ClusterOptions(
                    directory=Path(folder), kubeconfig=self.kubeconfig, context=self.context
                )
                with RawClient(chosen_kubeconfig(options)) as client:
                    # a merge: nothing of an earlier run stays, and labels of its owner do
                    client.patch("merge", f"{base}/{self.name}", {"data": None, "binaryData": None})
                    answer = client.patch("merge", f"{base}/{self.name}", body)
                    if answer.code == 404:
                        answer = client.send("POST", base, {"metadata": {"name": self.name}, **body})
        except ClusterError as error:
            message = f"{where}: {error}"
            raise HarnessError(message) from error
        if answer.code not in (200, 201):
            message = f"{where} cannot be written: {answer.code} {answer.text[:300]}; allow the user to patch it, and to create it if it is not there"
            raise HarnessError(message)


def chosen(files: Mapping[str, bytes], room: int = ROOM) -> tuple[dict[str, str], dict[str, bytes]]:
    """Pure: what a ConfigMap gets of FILES, as text and as bytes: as many as there is ROOM for, the most useful first."""
    texts: dict[str, str] = {}
    packed: dict[str, bytes] = {}
    omitted = []
    for name in (name for name in (*PLAIN, *PACKED, *WHOLE) if name in files):
        value = gzip.compress(files[name], mtime=0) if name in PACKED else files[name]
        if len(value) > room:
            omitted.append(name)
            continue
        room -= len(value)
        if name in PLAIN:
            texts[name] = value.decode(errors="replace")
        else:
            packed[f"{name}.gz" if name in PACKED else name] = value
    return {**texts, **({"omitted": ", ".join(omitted)} if omitted else {})}, packed


@dataclass(frozen=True, slots=True)
class Sonobuoy:
    """The folder that Sonobuoy's worker looks into."""

    folder: Path

    def begin(self) -> None:
        """See that it can be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / DONE).unlink(missing_ok=True)
        except OSError as error:
            raise self._problem(error) from error

    def finish(self, folder: Path, code: int, said: str) -> None:
        """Write the archive, then the file that names it."""
        archive = self.folder / ARCHIVE
        try:
            with tempfile.TemporaryDirectory(prefix="dra-") as scratch, tarfile.open(archive, "w:gz") as tar:
                for path in sorted(folder.glob("*")):
                    tar.add(path, path.name)
                if said or not (folder / "junit.xml").is_file():
                    problem = Path(scratch) / "junit_error.xml"
                    problem.write_text(error_junit(said or f"no report; exit code {code}"))
                    tar.add(problem, problem.name)
            draft = self.folder / f".{DONE}"
            draft.write_text(str(archive))
            draft.replace(self.folder / DONE)
        except OSError as error:
            raise self._problem(error) from error

    def _problem(self, error: OSError) -> HarnessError:
        return HarnessError(f"--results sonobuoy: {self.folder} cannot be written: {error.strerror}")


def error_junit(said: str) -> str:
    """Pure: a JUnit file with one error, for who reads only that."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<testsuites><testsuite name="dra-conformance" tests="1" errors="1">'
        f'<testcase classname="dra-conformance" name="run"><error>{escape(said)}</error></testcase>'
        "</testsuite></testsuites>\n"
    )
