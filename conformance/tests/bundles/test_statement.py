"""Signed statements about runs."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from dra_conformance.bundles.archive import Bundle
from dra_conformance.bundles.statement import (
    Private,
    encoded,
    envelope,
    load_private,
    load_public,
    opened,
    statement,
)
from dra_conformance.bundles.verify import check_statement
from dra_conformance.errors import UsageError

BUNDLE = Bundle(digest="b" * 64, files={})
KEYS: list[Private] = [ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()]


def report(result: str = "conformant", *, failed: tuple[str, ...] = (), **verdicts: str) -> dict[str, Any]:
    profile = {"name": "core", "result": result, "failed": list(failed)}
    return {
        "subject": {"driver": "d.example.com", "digest": "sha256:" + "d" * 64},
        "suite": {"name": "s", "version": "1", "catalogue": "sha256:" + "c" * 64, "seed": 0, "select": ""},
        "environment": {"kubernetes": "1.37", "provider": "p"},
        "profile": "core",
        "profiles": [profile],
        "requirements": [{"id": name, "verdict": verdict} for name, verdict in verdicts.items()],
    }


def pem(key: Private, folder: Path) -> Path:
    """The public key in a file."""
    path = folder / "key.pub"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return path


@pytest.mark.parametrize(
    ("result", "failed", "verdicts", "word"),
    [
        ("conformant", (), {"A": "pass"}, "PASSED"),
        ("conformant", (), {"A": "non-strict"}, "WARNED"),
        ("conformant", (), {"A": "fail"}, "WARNED"),  # of another profile
        ("not conformant", ("A",), {"A": "fail"}, "FAILED"),
        ("incomplete", (), {"A": "pass"}, "FAILED"),
    ],
)
def test_the_result_is_that_of_the_profile(
    result: str, failed: tuple[str, ...], verdicts: dict[str, str], word: str
) -> None:
    found = statement(BUNDLE, report(result, failed=failed, **verdicts))
    assert found["predicate"]["result"] == word


def test_a_statement_names_driver_suite_profile_and_bundle() -> None:
    found = statement(BUNDLE, report(A="pass", B="non-strict", C="not-covered"))
    assert found["subject"] == [{"name": "d.example.com", "digest": {"sha256": "d" * 64}}]
    suite, bundle = found["predicate"]["configuration"]
    assert (suite["annotations"]["profile"], suite["annotations"]["kubernetes"]) == ("core", "1.37")
    assert bundle["digest"]["sha256"] == "b" * 64
    assert (found["predicate"]["passedTests"], found["predicate"]["warnedTests"]) == (["A"], ["B"])
    assert suite["annotations"]["notCovered"] == ["C"]


def test_a_driver_without_digest_has_no_statement() -> None:
    without = report()
    without["subject"]["digest"] = ""
    with pytest.raises(UsageError, match="pass --subject FILE"):
        statement(BUNDLE, without)


def test_what_is_signed_is_the_encoding_of_dsse() -> None:
    assert encoded(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.parametrize("key", KEYS, ids=["ecdsa", "ed25519"])
def test_a_signed_statement_is_opened_with_its_key_only(key: Private, tmp_path: Path) -> None:
    made = json.loads(json.dumps(envelope(statement(BUNDLE, report(A="pass")), key)))
    assert opened(made, load_public(pem(key, tmp_path)))["predicateType"].endswith("test-result/v0.1")
    other = next(one for one in KEYS if one is not key)
    with pytest.raises(UsageError, match="is not signed with this key"):
        opened(made, other.public_key())
    payload = base64.b64decode(made["payload"]).replace(b"PASSED", b"FAILED")
    with pytest.raises(UsageError, match="is not signed with this key"):
        opened(made | {"payload": base64.b64encode(payload).decode()}, key.public_key())


def test_a_statement_about_another_run_is_refused(tmp_path: Path) -> None:
    made = envelope(statement(BUNDLE, report(A="pass")), KEYS[0])
    key = pem(KEYS[0], tmp_path)
    assert check_statement(BUNDLE, made, key).startswith("PASSED for d.example.com")
    with pytest.raises(UsageError, match="about another run"):
        check_statement(Bundle(digest="e" * 64, files={}), made, key)


def test_a_file_that_is_no_key_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("nonsense")
    for load in (load_private, load_public):
        with pytest.raises(UsageError, match="wanted a (private|public) key in PEM"):
            load(tmp_path / "k")
        with pytest.raises(UsageError, match="cannot be read"):
            load(tmp_path / "missing")
