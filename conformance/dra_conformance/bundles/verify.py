"""``dra-conformance verify``: is a bundle what the run wrote, does a second opinion agree, is the statement about it signed?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dra_conformance.bundles.archive import Bundle, read_bundle
from dra_conformance.bundles.oracle import RULES, Opinion, second_opinions
from dra_conformance.bundles.statement import load_public, opened
from dra_conformance.errors import UsageError


def report_of(bundle: Bundle) -> dict[str, Any]:
    """The report in a bundle.

    Raises:
        UsageError: there is none.
    """
    try:
        return msgspec.json.decode(bundle.files["report.json"], type=dict[str, Any])
    except (KeyError, msgspec.MsgspecError) as error:
        message = f"the bundle has no report.json: {error!r}"
        raise UsageError(message) from error


def opinions_of(bundle: Bundle) -> list[Opinion]:
    """The second opinions on the run in BUNDLE."""
    checks = [row for row in bundle.rows() if row["type"] == "check"]
    verdicts = {row["id"]: row["verdict"] for row in report_of(bundle)["requirements"]}
    return second_opinions(checks, verdicts)


def check_statement(bundle: Bundle, envelope: Mapping[str, Any], key: Path) -> str:
    """What a statement with a good signature says of the run in BUNDLE.

    Raises:
        UsageError: the signature is not of KEY, or the statement is about another run.
    """
    statement = opened(envelope, load_public(key))
    digests = [one.get("digest", {}).get("sha256") for one in statement["predicate"]["configuration"]]
    if bundle.digest not in digests:
        message = "the statement is about another run: it does not have the digest of this bundle"
        raise UsageError(message)
    [subject] = statement["subject"]
    return f"{statement['predicate']['result']} for {subject['name']} (sha256:{subject['digest']['sha256']})"


def verify(path: Path, statement: Path | None, key: Path | None) -> int:
    """Print what was checked; 1 if the second opinion disagrees.

    Raises:
        UsageError: it is no bundle, or the statement does not belong to it.
    """
    bundle = read_bundle(path)
    opinions = opinions_of(bundle)
    print(f"bundle      sha256:{bundle.digest}, {len(bundle.files)} files as the run wrote them")
    if statement is not None and key is not None:
        envelope = msgspec.json.decode(statement.read_bytes(), type=dict[str, Any])
        print(f"statement   signed: {check_statement(bundle, envelope, key)}")
    for one in opinions:
        word = "agrees   " if one.agrees else "DISAGREES"
        print(f"{word}   {one.id} {one.recorded}; {one.recomputed} by {one.looked_at} observations")
        for problem in one.problems if not one.agrees else ():
            print(f"            {problem}")
    missing = sorted(RULES.keys() - {one.id for one in opinions})
    print(
        f"not recomputed: {', '.join(missing) or 'none'} (no evidence), and every requirement without such a rule"
    )
    return 0 if all(one.agrees for one in opinions) else 1


def attest(path: Path, key: Path, subject: Path | None, output: Path) -> int:
    """Sign a statement about the run in a bundle; 0.

    Raises:
        UsageError: it is no bundle, the key cannot be used, or the digest of the driver is not known.
    """
    from dra_conformance.bundles.archive import sha256
    from dra_conformance.bundles.statement import envelope, load_private, statement

    bundle = read_bundle(path)
    report = report_of(bundle)
    if subject is not None:
        try:
            report["subject"]["digest"] = f"sha256:{sha256(subject.read_bytes())}"
        except OSError as error:
            message = f"--subject {subject}: cannot be read: {error.strerror}"
            raise UsageError(message) from error
    document = statement(bundle, report)
    output.write_bytes(
        msgspec.json.format(msgspec.json.encode(envelope(document, load_private(key))), indent=1) + b"\n"
    )
    print(f"{document['predicate']['result']}: {output}")
    return 0
