"""The API server asks a node's own kubelet for logs; here a server that takes the API server's client certificate only."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from aiohttp import web
from http_client import Caller

from kube_emulator import Cluster, Options
from kube_emulator.apiserver.certificate import make_certificate

LOG = "/api/v1/namespaces/default/pods/p/log"


class Kubelet(threading.Thread):
    """Answers ``containerLogs`` over TLS on the loopback, from entering until leaving."""

    def __init__(self, folder: Path, authority: bytes) -> None:
        super().__init__(daemon=True)
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.port = 0
        self._tls = make_certificate(folder)[1]
        self._tls.load_verify_locations(cadata=authority.decode())
        self._tls.verify_mode = ssl.CERT_REQUIRED
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    async def _log(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        subject = dict(part[0] for part in request.transport.get_extra_info("peercert")["subject"])
        self.asked.append((request.path, dict(request.query), subject["commonName"]))
        if request.path.endswith("/none"):
            return web.Response(status=404, text="container not found\n")
        return web.Response(text="one\ntwo\n")

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/containerLogs/{rest:.*}", self._log)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.port = runner.addresses[0][1]
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._ended.wait()
        await runner.cleanup()

    def run(self) -> None:
        asyncio.run(self._serve())

    def __enter__(self) -> Self:
        self.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self.join(10)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(parts=frozenset({"api"}), nodes=0)) as cluster:
        containers = [{"name": name, "image": "x"} for name in ("main", "none")]
        node = {"metadata": {"name": "n"}}
        pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": containers}}
        call = Caller(cluster)
        assert call("POST", "/api/v1/nodes", node).code == 201
        assert call("POST", "/api/v1/namespaces/default/pods", pod).code == 201
        yield cluster


def listens_at(cluster: Cluster, port: int) -> None:
    """The node says where its kubelet listens."""
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    path = "/api/v1/nodes/n/status"
    answer = Caller(cluster)("PATCH", path, {"status": status}, kind="application/merge-patch+json")
    assert answer.code == 200


def test_a_log_comes_from_the_node_s_kubelet_with_the_options_of_the_request(
    cluster: Cluster, tmp_path: Path
) -> None:
    with Kubelet(tmp_path, cluster.client_authority) as kubelet:
        listens_at(cluster, kubelet.port)
        answer = Caller(cluster)("GET", f"{LOG}?container=main&tailLines=2&timestamps=true")
    assert (answer.code, answer.content) == (200, b"one\ntwo\n")
    options = {"tailLines": "2", "timestamps": "true"}
    assert kubelet.asked == [("/containerLogs/default/p/main", options, "kube-apiserver-kubelet-client")]


def test_a_refusal_of_the_kubelet_is_the_answer(cluster: Cluster, tmp_path: Path) -> None:
    with Kubelet(tmp_path, cluster.client_authority) as kubelet:
        listens_at(cluster, kubelet.port)
        answer = Caller(cluster)("GET", f"{LOG}?container=none")
    assert (answer.code, answer.body["reason"]) == (404, "NotFound")
    assert answer.body["message"] == "container not found"


def test_a_kubelet_that_cannot_be_reached_is_named(cluster: Cluster, tmp_path: Path) -> None:
    with Kubelet(tmp_path, cluster.client_authority) as kubelet:
        port = kubelet.port
    listens_at(cluster, port)
    answer = Caller(cluster)("GET", f"{LOG}?container=main")
    assert answer.code == 500
    assert f'Get "https://127.0.0.1:{port}/containerLogs/default/p/main": ' in answer.body["message"]


def test_a_node_without_an_address_cannot_be_asked(cluster: Cluster) -> None:
    answer = Caller(cluster)("GET", f"{LOG}?container=main")
    assert answer.body["message"] == "no preferred addresses found; known addresses: []"
