"""The transport below lightkube: our own credentials, a limit for silent watches, and a pause between watches.

lightkube waits for the next event of a watch without a limit (``read = None``), also when nobody is at the other end any
more, and begins a watch again at once when the server ended it, which is a busy loop where the server ends each at once.
"""

import asyncio
import time

import httpx2

from dra_driver.connection.route import Route

UNAUTHORIZED = 401
WATCH_PAUSE_S = 1.0


class ApiTransport(httpx2.AsyncBaseTransport):
    """Sends requests by ROUTE.

    Args:
        silence_s: a watch that is silent for so long is given up with a ``ReadTimeout``.
    """

    def __init__(self, route: Route, silence_s: float) -> None:
        self._route = route
        self._silence_s = silence_s
        self._watched_at = -WATCH_PAUSE_S
        self._inner = httpx2.AsyncHTTPTransport(
            verify=route.tls if route.tls is not None else False, proxy=route.proxy or None
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer; a refused token is replaced once."""
        if self._route.server_name:
            request.extensions["sni_hostname"] = self._route.server_name
        timeout = request.extensions.get("timeout", {})
        if timeout.get("read") is None:
            request.extensions["timeout"] = {**timeout, "read": self._silence_s}
            await asyncio.sleep(max(0.0, self._watched_at + WATCH_PAUSE_S - time.monotonic()))
            self._watched_at = time.monotonic()
        value = await self._route.authorization.header()
        response = await self._send(request, value)
        if response.status_code == UNAUTHORIZED:
            another = await self._route.authorization.header(refused=value)
            if another != value:
                await response.aclose()
                response = await self._send(request, another)
        # lightkube looks for it in every error, and a proxy's may have none
        response.headers.setdefault("Content-Type", "application/octet-stream")
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _send(self, request: httpx2.Request, authorization: str | None) -> httpx2.Response:
        if authorization is not None:
            request.headers["Authorization"] = authorization
        return await self._inner.handle_async_request(request)
