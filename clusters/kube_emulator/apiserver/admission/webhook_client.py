"""Asks webhooks over HTTPS: bounded in time and size, without redirects and proxies.

After apiserver ``plugin/webhook/request`` and ``util/webhook/client.go`` (1.37).
"""

import asyncio
import base64
import binascii
import ssl
import uuid
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from dra_api.objects import JsonObject
from kube_emulator.apiserver.admission.questions import ATTEMPT, Question, Verdict
from kube_emulator.apiserver.admission.services import ServiceError, Services

ANSWER_MAX = 4 << 20
"""Bytes of an answer."""

VERSIONS = ("v1", "v1beta1")


class CallError(Exception):
    """A webhook could not be asked, or its answer is none."""


class WebhookClient:
    """Asks the webhooks of one cluster, whose Services it resolves."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def answer(self, questions: list[Question]) -> None:
        """Ask QUESTIONS at once, and keep the answers for the next run of the verb."""
        attempt = ATTEMPT.get()
        assert attempt is not None
        answers = await asyncio.gather(*map(self._asked, questions))
        for question, found in zip(questions, answers, strict=True):
            attempt.answers[question.key] = found

    async def _asked(self, question: Question) -> Verdict:
        seconds = question.hook.get("timeoutSeconds") or 10
        try:
            async with asyncio.timeout(seconds):
                return await self._called(question, seconds)
        except TimeoutError:
            url = address_of(question.hook["clientConfig"])
            return Verdict(
                failure=f'failed to call webhook: Post "{url}?timeout={seconds}s": context deadline exceeded'
            )
        except CallError as error:
            return Verdict(failure=str(error))

    async def _called(self, question: Question, seconds: int) -> Verdict:
        accepted = question.hook.get("admissionReviewVersions") or ()
        version = next((one for one in accepted if one in VERSIONS), None)
        if version is None:
            message = "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)"
            raise CallError(message)
        uid, config = str(uuid.uuid4()), question.hook["clientConfig"]
        head = {"kind": "AdmissionReview", "apiVersion": f"admission.k8s.io/{version}"}
        body = msgspec.json.encode({**head, "request": {"uid": uid, **question.request}})
        code, raw = await self._posted(config, body, seconds)
        if code != 200:
            text = raw.decode(errors="replace")[:1000]
            raise CallError(f"failed to call webhook: {refused(code, text)}")
        try:
            review = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CallError(f"failed to call webhook: {error}") from error
        try:
            return verdict(review, head, uid, mutating=question.mutating)
        except ValueError as error:
            raise CallError(f"received invalid webhook response: {error}") from error

    async def _posted(self, config: JsonObject, body: bytes, seconds: int) -> tuple[int, bytes]:
        """The code and the body of the answer."""
        shown = f"{address_of(config)}?timeout={seconds}s"
        url, host, server_name = urlsplit(shown), "", None
        try:
            if (service := config.get("service")) is not None:
                host, server_name = url.netloc, url.hostname
                place = self._services.address(
                    service["namespace"], service["name"], service.get("port") or 443
                )
                url = url._replace(netloc=place)
            secured = context_of(config.get("caBundle") or "")
            headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
            headers |= {"Host": host} if host else {}
            async with (
                aiohttp.ClientSession() as session,
                session.post(
                    URL(url.geturl(), encoded=True),
                    data=body,
                    headers=headers,
                    ssl=secured,
                    server_hostname=server_name,
                    allow_redirects=False,
                ) as response,
            ):
                raw = await response.content.read(ANSWER_MAX + 1)
                while len(raw) <= ANSWER_MAX and (more := await response.content.read(ANSWER_MAX)):
                    raw += more
                if len(raw) > ANSWER_MAX:
                    message = f"failed to call webhook: its answer is longer than {ANSWER_MAX} bytes"
                    raise CallError(message)
                return response.status, raw
        except ServiceError as error:
            raise CallError(f'failed to call webhook: Post "{shown}": {error}') from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise CallError(f'failed to call webhook: Post "{shown}": {reason_of(error)}') from error


def address_of(config: JsonObject) -> str:
    """The URL of a webhook, that of a Service by its name."""
    service = config.get("service")
    if service is None:
        return str(config.get("url") or "")
    port, path = service.get("port") or 443, service.get("path") or ""
    return f"https://{service['name']}.{service['namespace']}.svc:{port}{path}"


@lru_cache(maxsize=64)
def context_of(bundle: str) -> ssl.SSLContext:
    """TLS that trusts BUNDLE (PEM in base64), or the roots of this machine if it is empty.

    Raises:
        ValueError: it is no bundle.
    """
    try:
        data = base64.b64decode(bundle, validate=True).decode("ascii")
        made = ssl.create_default_context(cadata=data or None)
    except (binascii.Error, UnicodeDecodeError, ssl.SSLError) as error:
        message = "unable to load root certificates: unable to parse bytes as PEM block"
        raise ValueError(message) from error
    # Go does not demand the extensions that Python 3.13 wants of every certificate
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return made


def reason_of(error: Exception) -> str:
    """Why a connection failed, as Go says it for the common cases."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        if "self-signed" in str(error) or "unable to get local issuer" in str(error):
            return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        return f"tls: failed to verify certificate: x509: {error.certificate_error}"
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return f"dial tcp {error.host}:{error.port}: connect: connection refused"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "EOF"
    return str(error) or type(error).__name__


def refused(code: int, text: str) -> str:
    """What client-go says of an answer that is no review."""
    if code == 404:
        return "the server could not find the requested resource"
    if code >= 500:
        return f'an error on the server ("{text.strip()}") has prevented the request from succeeding'
    return f"the server rejected our request for an unknown reason ({code}: {text.strip()})"


def verdict(review: Any, head: JsonObject, uid: str, *, mutating: bool) -> Verdict:
    """The answer in REVIEW (``VerifyAdmissionResponse``).

    Raises:
        ValueError: it is none.
    """
    response = review.get("response") if isinstance(review, dict) else None
    if not isinstance(response, dict):
        message = "webhook response was absent"
        raise ValueError(message)
    if head["apiVersion"].endswith("/v1"):
        if response.get("uid") != uid:
            message = f'expected response.uid="{uid}", got "{response.get("uid", "")}"'
            raise ValueError(message)
        found = (review.get("apiVersion"), review.get("kind"))
        if found != (head["apiVersion"], head["kind"]):
            wanted = f"{head['apiVersion']}, Kind={head['kind']}"
            message = f"expected webhook response of {wanted}, got {found[0] or ''}, Kind={found[1] or ''}"
            raise ValueError(message)
    patch = patch_of(response, head, mutating=mutating)
    status = response.get("status")
    return Verdict(
        allowed=response.get("allowed") is True,
        patch=patch,
        status=status if isinstance(status, dict) else {},
        warnings=tuple(str(text) for text in response.get("warnings") or ()),
    )


def patch_of(response: JsonObject, head: JsonObject, *, mutating: bool) -> list[Any]:
    """The operations of the patch in RESPONSE.

    Raises:
        ValueError: it is none, or must not be there.
    """
    patch, kind = response.get("patch") or "", response.get("patchType")
    if not mutating:
        for name, value in (("patch", patch), ("patchType", kind)):
            if value:
                message = f"validating webhook may not return response.{name}"
                raise ValueError(message)
        return []
    if head["apiVersion"].endswith("/v1") and bool(patch) != bool(kind):
        first, second = ("patch", "patchType") if patch else ("patchType", "patch")
        message = f"webhook returned response.{first} but not response.{second}"
        raise ValueError(message)
    if not patch:
        return []
    if kind not in (None, "JSONPatch"):
        message = f'unsupported patch type "{kind}"'
        raise ValueError(message)
    try:
        operations = msgspec.json.decode(base64.b64decode(patch))
    except (binascii.Error, msgspec.DecodeError, TypeError) as error:
        message = f"received undecodable patch in webhook response: {error}"
        raise ValueError(message) from error
    if not isinstance(operations, list):
        message = "received undecodable patch in webhook response: it is no list"
        raise ValueError(message)
    return operations
