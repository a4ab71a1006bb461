"""What requests to the embedded API server cost, beside a bare aiohttp handler on the same TLS in the same run.

Single requests are measured by the CPU of the server's thread, because that is what many nodes share; lists and watches
by the time until the client has everything.
"""

import asyncio
import contextlib
import functools
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

from dra_api.objects import JsonObject
from dra_clusters.embedded import EmbeddedCluster
from dra_clusters.endpoint import Endpoint
from dra_clusters.measures import Measure, measure, timed
from dra_clusters.raw_client import RawClient
from kube_emulator.apiserver.certificate import make_certificate

SLICES = "/apis/resource.k8s.io/v1/resourceslices"
CONFIGS = "/api/v1/namespaces/default/configmaps"
REQUESTS = 300
BIG_DEVICES = 128
WATCHERS = 50
SERVER_THREAD = "kube-emulator"


def succeed(client: RawClient, method: str, path: str, body: Any = None) -> bytes:
    """The body of an answer, as it came; it is not decoded, so that decoding is not measured.

    Raises:
        UnexpectedAnswer: the server refused.
    """
    return client.send(method, path, body).require(HTTPStatus.OK, HTTPStatus.CREATED).content


def admin(cluster: EmbeddedCluster) -> RawClient:
    """A client of the administrator."""
    return RawClient(Endpoint.of_url(cluster.url, token=cluster.token("admin")))


def slice_of(index: int, count: int = 8) -> JsonObject:
    """A node's slice with COUNT devices."""
    devices = [
        {
            "name": f"gpu-{number}",
            "attributes": {"type": {"string": "gpu"}, "index": {"int": number}},
            "capacity": {"memory": {"value": "80Gi"}},
        }
        for number in range(count)
    ]
    pool = {"name": f"node-{index:04}", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "gpu.example.com", "nodeName": f"node-{index:04}", "pool": pool, "devices": devices}
    return {"metadata": {"name": f"slice-{index:04}"}, "spec": spec}


def config_of(index: int) -> JsonObject:
    """A small object."""
    return {"metadata": {"name": f"config-{index:04}", "labels": {"app": "bench"}}, "data": {"key": "value"}}


@contextlib.contextmanager
def bare_server(reply: bytes) -> Iterator[str]:
    """An aiohttp handler that reads the body and answers REPLY; its URL. It runs in a thread named ``bare``."""
    started, loop = threading.Event(), asyncio.new_event_loop()
    where: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=reply, content_type="application/json")

    async def serve(tls: ssl.SSLContext) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        where.append("https://{}:{}".format(*runner.addresses[0][:2]))
        started.set()
        return runner

    def run(tls: ssl.SSLContext) -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(serve(tls))
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
        _, tls = make_certificate(Path(folder))
    thread = threading.Thread(target=run, args=(tls,), name="bare", daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield where[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def thread_cpu(name: str) -> Callable[[], float]:
    """A clock of the CPU time of the thread NAME, in milliseconds."""
    thread = next(thread for thread in threading.enumerate() if thread.name == name)
    assert thread.ident is not None
    clock = time.pthread_getcpuclockid(thread.ident)
    return lambda: time.clock_gettime(clock) * 1000


def server_cpu(name: str, calls: Sequence[Callable[[], Any]]) -> list[float]:
    """Milliseconds of the server thread's CPU for each call."""
    clock = thread_cpu(name)
    found = []
    for call in calls:
        before = clock()
        call()
        found.append(clock() - before)
    return found


def bench_requests(cluster: EmbeddedCluster) -> list[Measure]:
    """GET and CREATE of a small object and of a slice, by CPU; lists and watches, by time."""
    client = admin(cluster)
    first = succeed(client, "POST", CONFIGS, config_of(9999))
    rows = []
    with bare_server(first) as url:
        bare = RawClient(Endpoint.of_url(url))
        succeed(bare, "GET", CONFIGS)
        gets = server_cpu("bare", [functools.partial(succeed, bare, "GET", "/x")] * REQUESTS)
        posts = server_cpu(
            "bare", [functools.partial(succeed, bare, "POST", "/x", config_of(n)) for n in range(REQUESTS)]
        )
        bare.close()
    floor_get, floor_post = measure("bare_get", "ms cpu", gets), measure("bare_post", "ms cpu", posts)
    creates = [functools.partial(succeed, client, "POST", CONFIGS, config_of(n)) for n in range(REQUESTS)]
    created = server_cpu(SERVER_THREAD, creates)
    got = server_cpu(
        SERVER_THREAD, [functools.partial(succeed, client, "GET", f"{CONFIGS}/config-0007")] * REQUESTS
    )
    slices = [functools.partial(succeed, client, "POST", SLICES, slice_of(n)) for n in range(REQUESTS)]
    rows += [floor_get, measure("get", "ms cpu", got, floor_get), floor_post]
    rows.append(measure("create", "ms cpu", created, floor_post))
    rows.append(measure("create_slice_of_8", "ms cpu", server_cpu(SERVER_THREAD, slices), floor_post))
    rows += bench_streams(cluster, client)
    client.close()
    return rows


def bench_streams(cluster: EmbeddedCluster, client: RawClient) -> list[Measure]:
    """A list of a thousand big slices, one slice found among them, and an event for many watchers."""
    succeed(client, "DELETE", SLICES)
    for number in range(1000):
        succeed(client, "POST", SLICES, slice_of(number, BIG_DEVICES))
    lists = [timed(lambda: succeed(client, "GET", SLICES)) for _ in range(5)]
    query = f"{SLICES}?fieldSelector=spec.nodeName%3Dnode-0500"
    found = [timed(lambda: succeed(client, "GET", query)) for _ in range(50)]
    rows = [measure("list_1000_slices_of_128", "ms", lists), measure("slices_of_one_node", "ms", found)]
    with contextlib.ExitStack() as stack:
        query = f"{CONFIGS}?watch=1&resourceVersion=0"
        streams = [stack.enter_context(admin(cluster).lines(query)) for _ in range(WATCHERS)]
        for stream in streams:
            next(stream)

        def announce(number: int) -> None:
            succeed(client, "POST", CONFIGS, {"metadata": {"name": f"announced-{number}"}})
            for stream in streams:
                while f'"announced-{number}"'.encode() not in next(stream):
                    pass

        arrivals = [timed(functools.partial(announce, number)) for number in range(20)]
    rows.append(measure(f"event_to_{WATCHERS}_watchers", "ms", arrivals))
    return rows
