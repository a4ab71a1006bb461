"""Asks real kubelets for the logs of containers, as kube-apiserver does (kubernetes pkg/registry/core/pod/rest/log.go, 1.36).

A kubelet knows the client by the cluster's authority for client certificates. Its own certificate signs itself and is not checked,
as by a kube-apiserver without ``--kubelet-certificate-authority``.
"""

import ssl
import tempfile
from functools import cached_property

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from yarl import URL

from dra_api.objects import Node, Pod
from kube_emulator.apiserver.certificate import ClientAuthority
from kube_emulator.apiserver.status import ApiError

USER, GROUP = "kube-apiserver-kubelet-client", "system:masters"
OPTIONS = ("follow", "limitBytes", "previous", "sinceSeconds", "sinceTime", "tailLines", "timestamps")
CONNECT_S = 5.0


class KubeletClient:
    """The API server as a client of kubelets; CLIENTS signs its certificate."""

    def __init__(self, clients: ClientAuthority) -> None:
        self._clients = clients

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        certificate, key = self._clients.issue(USER, [GROUP])
        with tempfile.NamedTemporaryFile() as file:  # OpenSSL reads a key from a file only; its mode is 0600
            file.write(certificate + key)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    async def log(self, request: web.Request, node: Node, pod: Pod, container: str) -> web.StreamResponse:
        """The log of a container of POD on NODE, as its kubelet answers REQUEST's options.

        Raises:
            ApiError: 500, the kubelet cannot be reached; otherwise what it answered.
        """
        url = log_url(node, pod, container).with_query(
            {key: request.query[key] for key in OPTIONS if key in request.query}
        )
        patience = ClientTimeout(total=None, sock_connect=CONNECT_S)
        try:
            async with ClientSession(timeout=patience) as session, session.get(url, ssl=self._tls) as answer:
                if answer.status >= 400:
                    raise ApiError(
                        answer.status, (await answer.text()).strip(), reason=reason_of(answer.status)
                    )
                response = web.StreamResponse(headers={"Content-Type": "text/plain"})
                await response.prepare(request)
                async for part in answer.content.iter_any():
                    await response.write(part)
        except (ClientError, TimeoutError) as error:
            raise ApiError(500, f'Get "{url}": {error}', reason="InternalError") from error
        return response


def log_url(node: Node, pod: Pod, container: str) -> URL:
    """Where the kubelet of NODE has the log.

    Raises:
        ApiError: 500, the node has no address to be asked at.
    """
    status, metadata = node.get("status") or {}, pod["metadata"]
    addresses = status.get("addresses") or []
    host = next((one["address"] for one in addresses if one["type"] == "InternalIP"), "")
    port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port", 0)
    if not host or not port:
        known = " ".join(f"{{{one['type']} {one['address']}}}" for one in addresses)
        raise ApiError(
            500, f"no preferred addresses found; known addresses: [{known}]", reason="InternalError"
        )
    return (
        URL.build(scheme="https", host=host, port=port)
        / "containerLogs"
        / metadata["namespace"]
        / metadata["name"]
        / container
    )


def reason_of(code: int) -> str:
    """The reason of a refusal that a kubelet gave (apimachinery NewGenericServerResponse)."""
    return {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound"}.get(
        code, "InternalError"
    )
