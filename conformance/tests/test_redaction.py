"""Evidence has no secrets."""

import pytest

from dra_conformance.redaction import redacted

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkcml2ZXIifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        (f"token is {JWT} here", JWT),
        (f"key {PEM} end", "MIIabc"),
        ("-----BEGIN PRIVATE KEY-----\nMIIcut", "MIIcut"),
        ('{"password": "hunter22"}', "hunter22"),
        ("api_key=0123456789", "0123456789"),
        ("client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1CRUdJTg"),
    ],
)
def test_what_looks_like_a_credential_is_left_out(text: str, secret: str) -> None:
    assert secret not in redacted(text)
    assert "(redacted " in redacted(text)


@pytest.mark.parametrize(
    "text", ["GetInfo", '{"token": ""}', "uid 0f1e2d3c-aaaa-bbbb-cccc-0123456789ab", "tokens: 5"]
)
def test_other_text_stays(text: str) -> None:
    assert redacted(text) == text


def test_the_same_secret_has_the_same_mark() -> None:
    assert redacted(f"a {JWT}")[2:] == redacted(f"b {JWT}")[2:]
    assert redacted("password=first1") != redacted("password=second")
