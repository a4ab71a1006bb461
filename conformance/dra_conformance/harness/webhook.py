"""The vendor's validating webhook: started with a certificate of its own, and asked as the API server asks."""

import json
import socket
import ssl
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from dra_clusters.binaries.identity import make_serving_certificate
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.drivers.parts import Webhook
from dra_conformance.expectations import Violation
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.log_file import LogFile
from dra_conformance.harness.process import Process, free_address

HOST = "127.0.0.1"
TIMEOUT_S = 10.0
"""Default of timeoutSeconds in a webhook configuration."""
POLL_S = 0.02
BYTES_MAX = 1 << 20
PLURALS = {"ResourceClaim": "resourceclaims", "ResourceClaimTemplate": "resourceclaimtemplates"}


class WebhookProcess:
    """The webhook that a descriptor names, in a context."""

    def __init__(
        self,
        descriptor: Descriptor,
        webhook: Webhook,
        places: Mapping[str, str],
        folder: Path,
        evidence: Evidence,
    ) -> None:
        self._port = int(free_address().rpartition(":")[2])
        make_serving_certificate(folder)
        certificate = folder / "serving.crt"
        places = {
            **places,
            "webhook_host": HOST,
            "webhook_port": str(self._port),
            "tls_certificate": str(certificate),
            "tls_key": str(folder / "serving.key"),
        }
        argv = [argument.format_map(places) for argument in webhook.command]
        environment = {name: value.format_map(places) for name, value in descriptor.start.environment.items()}
        self._url = f"https://{HOST}:{self._port}{webhook.path}"
        self._tls = ssl.create_default_context(cafile=str(certificate))
        self._evidence = evidence
        self._process = Process(argv, environment, LogFile(folder / "webhook.log"))
        self._start_s = descriptor.budgets.start_seconds

    def __enter__(self) -> Self:
        """Wait until it listens.

        Raises:
            Violation: it does not.
        """
        deadline = time.monotonic() + self._start_s
        while True:
            try:
                socket.create_connection((HOST, self._port), timeout=1).close()
            except OSError as error:
                if time.monotonic() > deadline or self._process.exit_code is not None:
                    found = f"{error}; its log ends: {self._process.log_text().strip()[-500:]}"
                    self._process.end()
                    raise Violation(
                        f"a connection within {self._start_s:g} s", found, "the webhook"
                    ) from error
                time.sleep(POLL_S)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def refusal(self, item: Mapping[str, Any]) -> str:
        """Why the webhook does not allow that ITEM is created; empty if it does.

        Raises:
            Violation: what it answers is no review.
        """
        review = review_of(item)
        request = urllib.request.Request(  # noqa: S310 # https, see the constructor
            self._url, json.dumps(review).encode(), {"Content-Type": "application/json"}
        )
        what = f"AdmissionReview of a {item['kind']} as {item['apiVersion']}"
        raw, failure = self._post(request)
        answer = failure or raw.decode(errors="replace")
        self._evidence.add("process", what, request=json.dumps(review), answer=answer)
        if failure:
            return f"no answer: {failure}"
        return denied(raw, str(review["request"]["uid"]), what)

    def _post(self, request: urllib.request.Request) -> tuple[bytes, str]:
        """(body, what is wrong) of an answer."""
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=self._tls) as answer:  # noqa: S310 # https, see the constructor
                return answer.read(BYTES_MAX), ""
        except urllib.error.HTTPError as error:
            return b"", f"{error.code} {error.read(300).decode(errors='replace')}"
        except OSError as error:
            return b"", str(error)


def denied(raw: bytes, uid: str, what: str) -> str:
    """Why an answer does not allow the request; empty if it does.

    Raises:
        Violation: it is no review of that request.
    """
    try:
        response = json.loads(raw)["response"]
        answered, allowed = response["uid"], response["allowed"]
    except (ValueError, KeyError, TypeError) as error:
        raise Violation(
            "an AdmissionReview with a response", raw[:300].decode(errors="replace"), what
        ) from error
    if answered != uid:
        raise Violation(f"response.uid {uid}", str(answered), what)
    return "" if allowed is True else str((response.get("status") or {}).get("message") or "not allowed")


def review_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """The review that an API server sends when ITEM is created (k8s.io/api admission/v1)."""
    group, _, version = str(item["apiVersion"]).partition("/")
    kind = {"group": group, "version": version, "kind": item["kind"]}
    resource = {"group": group, "version": version, "resource": PLURALS[str(item["kind"])]}
    request = {
        "uid": str(uuid.uuid4()),
        "kind": kind,
        "requestKind": kind,
        "resource": resource,
        "requestResource": resource,
        "name": item["metadata"]["name"],
        "namespace": item["metadata"]["namespace"],
        "operation": "CREATE",
        "userInfo": {"username": "user"},
        "object": dict(item),
        "oldObject": None,
        "dryRun": False,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
