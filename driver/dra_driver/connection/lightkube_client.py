"""lightkube's client over a route, and its failures as ``ApiError``: for the driver's own calls and the ComputeDomains'.

lightkube because it is async, and because it decodes a slice in a sixth of the official client's time.
"""

import contextlib
import re
from collections.abc import Iterator

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.config.models import Cluster, User
from lightkube.core.exceptions import ApiError as ServerError

from dra_driver.connection.route import Route
from dra_driver.connection.transport import ApiTransport
from dra_driver.errors import ApiError

WATCH_S = 120
"""The server ends a watch after this time and it is renewed."""
SILENCE_S = 15
"""A watch that is silent for this much longer is on a connection whose other end is gone."""
RETRY_MAX_S = 300.0


def make_client(route: Route, field_manager: str, silence_s: float = WATCH_S + SILENCE_S) -> AsyncClient:
    """A client whose transport has TLS, proxy and credentials of ROUTE, so lightkube makes none of its own."""
    config = KubeConfig.from_one(cluster=Cluster(server=route.server, insecure=True), user=User())
    return AsyncClient(
        config=config,
        field_manager=field_manager,
        transport=ApiTransport(route, silence_s=silence_s),
        trust_env=False,
    )


def seconds_in(retry_after: str) -> float:
    """The header ``Retry-After`` in seconds, 0 if it is none; at most ``RETRY_MAX_S``, for something else may have sent it."""
    return min(float(retry_after), RETRY_MAX_S) if re.fullmatch("[0-9]{1,9}", retry_after) else 0.0


@contextlib.contextmanager
def api_errors(what: str) -> Iterator[None]:
    """Turn every failure of a call into an ``ApiError`` that names WHAT was asked for."""
    try:
        yield
    except httpx2.HTTPStatusError as error:
        response: httpx2.Response | None = error.response  # none if the error came in a watch
        code, text = 0, ""
        if response is not None:
            code, text = response.status_code, response.reason_phrase
        if isinstance(error, ServerError):  # the answer is a Status, and not the page of something in between
            code, text = error.status.code or code, error.status.message or ""
        wait = response.headers.get("Retry-After", "") if response is not None else ""
        message = f"{what}: the API server answered {code}: {text}"
        raise ApiError(message, code, seconds_in(wait)) from error
    except httpx2.LocalProtocolError as error:  # its text may have the token in it
        message = (
            f"{what}: a request cannot be sent: {type(error).__name__}; is there a line break in the token?"
        )
        raise ApiError(message) from None
    except (httpx2.HTTPError, ValueError, OSError) as error:
        # ValueError: an answer that is not JSON. OSError: httpcore2 lets that of poll(2) through, which comes when the process
        # has used up its file descriptors.
        message = f"{what}: no usable answer from the API server: {str(error) or type(error).__name__}"
        raise ApiError(message) from error
