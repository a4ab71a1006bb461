"""Pure: evidence without secrets. What looks like a credential becomes a mark that is the same for the same secret."""

import hashlib
import re

SECRET = re.compile(
    r"(?P<bearer>(?i:bearer)\s+)(?P<token>[A-Za-z0-9._~+/=-]{12,})"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
    r"|(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))"
    r"|(?P<name>(?i:\b(?:password|passwd|secret|token|api[_-]?key|client-key-data))[\"']?\s*[:=]\s*[\"']?)"
    r"(?P<value>[^\s\"',;}{]{6,})",
    re.DOTALL,
)
"""Bearer tokens, JSON web tokens, private keys in PEM, and values under names that secrets have."""


def redacted(text: str) -> str:
    """TEXT with each secret as ``(redacted NNNN)``, where NNNN is the beginning of its digest."""
    return SECRET.sub(mark, text)


def mark(found: re.Match[str]) -> str:
    """The replacement of one secret."""
    before = found["bearer"] or found["name"] or ""
    secret = found[0].removeprefix(before)
    return f"{before}(redacted {hashlib.sha256(secret.encode()).hexdigest()[:4]})"
