"""The webhook over HTTPS: answers, limits, and a certificate that is replaced."""

import datetime
import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from claim_service import DRIVER
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dra_driver.errors import ConfigError
from dra_driver.webhook.server import BYTES_MAX, READY, VALIDATE, Certificate, WebhookServer

REVIEW = {"apiVersion": "admission.k8s.io/v1", "request": {"uid": "r", "object": {"kind": "ResourceClaim"}}}


def issue(folder: Path, number: int) -> None:
    """A certificate with the serial NUMBER, and its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "w")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), number, now - datetime.timedelta(1), now + datetime.timedelta(1)
    ).sign(key, hashes.SHA256())
    (folder / "tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "tls.key").write_bytes(private)
    for path in folder.glob("tls.*"):
        os.utime(path, (number, number))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebhookServer]:
    issue(tmp_path, 1)
    made = WebhookServer("127.0.0.1", 0, Certificate(tmp_path / "tls.crt", tmp_path / "tls.key"), DRIVER)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with made:
        yield made
        made.shutdown()
    thread.join()


def ask(
    server: WebhookServer, method: str, path: str, body: bytes = b"", length: str = ""
) -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = http.client.HTTPSConnection("127.0.0.1", server.server_address[1], context=context, timeout=10)
    try:
        client.request(method, path, body, {"Content-Length": length} if length else {})
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


def serial(server: WebhookServer) -> int:
    address = ("127.0.0.1", server.server_address[1])
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(address).encode()).serial_number


def test_a_review_is_answered(server: WebhookServer) -> None:
    status, body = ask(server, "POST", f"{VALIDATE}?timeout=10s", json.dumps(REVIEW).encode())
    assert status == 200
    assert json.loads(body)["response"] == {"uid": "r", "allowed": True}
    assert ask(server, "GET", READY) == (200, b"ok\n")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000])
def test_what_is_no_review_is_a_bad_request(server: WebhookServer, body: bytes) -> None:
    assert ask(server, "POST", VALIDATE, body)[0] == 400


def test_a_body_that_is_too_large_is_refused_unread(server: WebhookServer) -> None:
    assert ask(server, "POST", VALIDATE, length=str(BYTES_MAX + 1))[0] == 413


def test_other_paths_are_not_found(server: WebhookServer) -> None:
    assert [ask(server, method, "/other")[0] for method in ("GET", "POST")] == [404, 404]


def test_a_client_that_says_nothing_does_not_stop_the_others(server: WebhookServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_address[1])):
        assert ask(server, "GET", READY)[0] == 200


def test_a_new_certificate_is_used_and_a_broken_one_is_not(server: WebhookServer, tmp_path: Path) -> None:
    assert serial(server) == 1
    issue(tmp_path, 2)
    assert serial(server) == 2
    (tmp_path / "tls.crt").write_text("half")
    assert serial(server) == 2


def test_files_and_addresses_that_cannot_be_used_are_the_administrator_s_error(
    server: WebhookServer, tmp_path: Path
) -> None:
    good = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")
    with pytest.raises(ConfigError, match="cannot listen on 127.0.0.1:.*choose a free port"):
        WebhookServer("127.0.0.1", server.server_address[1], good, DRIVER)
    with pytest.raises(ConfigError, match="wanted a certificate and its key as PEM"):
        Certificate(tmp_path / "none", tmp_path / "tls.key")
