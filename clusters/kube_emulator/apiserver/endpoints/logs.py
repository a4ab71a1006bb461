"""``pods/log``: the log file of a container; exec, attach and port-forward are refused.

The real server asks the kubelet. An emulated one is in the same process and knows where the file is (``Call.container_log``); where
none is emulated, the node's own kubelet is asked (``kubelet_client``).
Options and refusals are those of kubernetes pkg/registry/core/pod/strategy.go LogLocation and the kubelet's
validateContainerLogStatus (1.37). The files keep no times, so options about those are refused.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aiohttp import web

from dra_api.objects import ContainerStatus, Node, Pod
from kube_emulator.apiserver.endpoints.call import Call
from kube_emulator.apiserver.request import is_true
from kube_emulator.apiserver.status import ApiError, bad_request, invalid
from kube_emulator.apiserver.validation.causes import invalid as invalid_field

FOLLOW_S = 0.2
TIMED = ("sinceSeconds", "sinceTime", "timestamps")
LEAST = {"tailLines": 0, "limitBytes": 1, "sinceSeconds": 1}
"""{option: its least value}."""


async def refuse_stream(call: Call) -> web.StreamResponse:
    """Refuse exec, attach and port-forward.

    Raises:
        ApiError: always; 404 if there is no such pod.
    """
    call.api.get("pods", call.info.name, call.namespace)
    message = (
        f"pods/{call.info.subresource} is not served by the embedded cluster: containers of pods are records, or "
        "processes of this machine that can be reached there; their output is in pods/log"
    )
    raise ApiError(501, message, reason="NotImplemented")


async def log(call: Call) -> web.StreamResponse:
    """The log of a container.

    Raises:
        ApiError: 400, 404, 422 or 501.
    """
    query = call.request.query
    pod = cast(Pod, call.api.get("pods", call.info.name, call.namespace))
    numbers = numbers_of(call.info.name, query)
    container = container_of(pod, query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        return web.Response(content_type="text/plain")
    if call.container_log is None:
        node = cast(Node, call.api.get("nodes", pod["spec"]["nodeName"]))
        return await call.kubelets.log(call.request, node, pod, container)
    run = run_of(pod, container, previous=is_true(query, "previous"))
    for name in TIMED:
        if query.get(name) and (name != "timestamps" or is_true(query, name)):
            raise ApiError(501, f"{name} is not served: logs are kept without times", reason="NotImplemented")
    path = call.container_log(pod, container, run)
    if path is None:
        raise bad_request(f"unable to retrieve container logs for {run}")
    text = after(path, 0)
    shown = cut(text, numbers)
    if not is_true(query, "follow"):
        return web.Response(body=shown, content_type="text/plain")
    limit = numbers.get("limitBytes", sys.maxsize) - len(shown)
    return await followed(call, Followed(pod, container, run, path, limit), shown, len(text))


def numbers_of(pod: str, query: Mapping[str, str]) -> dict[str, int]:
    """The options that are numbers.

    Raises:
        ApiError: 400 or 422.
    """
    found, causes = {}, []
    for name, least in LEAST.items():
        if name not in query:
            continue
        try:
            found[name] = int(query[name])
        except ValueError as error:
            raise bad_request(f'strconv.ParseInt: parsing "{query[name]}": invalid syntax') from error
        if found[name] < least:
            bound = "greater than or equal to 0" if least == 0 else "greater than 0"
            causes.append(invalid_field(name, found[name], f"must be {bound}"))
    if causes:
        raise invalid("PodLogOptions", "", pod, causes)
    return found


def container_of(pod: Pod, name: str) -> str:
    """The container that is meant.

    Raises:
        ApiError: 400, it is not clear which.
    """
    spec = pod["spec"]
    names = [one["name"] for one in (spec.get("initContainers") or []) + spec["containers"]]
    if name in names:
        return name
    if name:
        raise bad_request(f"container {name} is not valid for pod {pod['metadata']['name']}")
    if len(spec["containers"]) > 1:
        said = f"a container name must be specified for pod {pod['metadata']['name']}"
        raise bad_request(f"{said}, choose one of: [{' '.join(names)}]")
    return str(spec["containers"][0]["name"])


def status_of(pod: Pod, container: str) -> ContainerStatus | None:
    """The status of a container."""
    status = pod.get("status") or {}
    every = (status.get("containerStatuses") or []) + (status.get("initContainerStatuses") or [])
    return next((one for one in every if one["name"] == container), None)


def run_of(pod: Pod, container: str, *, previous: bool) -> str:
    """The id of the run whose log is meant: the current one if it was started, else the one before.

    Raises:
        ApiError: 400, there is none.
    """
    status, where = status_of(pod, container), f'container "{container}" in pod "{pod["metadata"]["name"]}"'
    if status is None:
        raise bad_request(f"{where} is not available")
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    before = last.get("containerID", "") if last else ""
    if previous:
        if not before:
            raise bad_request(f"previous terminated {where} not found")
        return before
    if "running" in state:
        return status.get("containerID", "")
    ended = state.get("terminated")
    if found := (ended.get("containerID", "") if ended else "") or before:
        return found
    if ended is not None or last is not None:
        raise bad_request(f"{where} is terminated")
    if "waiting" in state:
        raise bad_request(f"{where} is waiting to start: {state['waiting'].get('reason', '')}")
    raise bad_request(f"{where} is waiting to start - no logs yet")


def cut(text: bytes, numbers: Mapping[str, int]) -> bytes:
    """TEXT cut by ``tailLines``, then by ``limitBytes``."""
    if "tailLines" in numbers:
        lines = text.splitlines(keepends=True)
        text = b"".join(lines[max(0, len(lines) - numbers["tailLines"]) :])
    return text[: numbers["limitBytes"]] if "limitBytes" in numbers else text


def after(path: Path, place: int) -> bytes:
    """The content of the file after the offset PLACE."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(place)
        return file.read()


@dataclass(frozen=True, slots=True)
class Followed:
    """A log that is followed.

    Attributes:
        run: the id of the run of the container.
        limit: how many bytes may still be sent.
    """

    pod: Pod
    container: str
    run: str
    path: Path
    limit: int

    def runs(self, pod: Pod | None) -> bool:
        """Whether more may come, by the POD as it is now: another run of the container has a log of its own."""
        status = status_of(pod, self.container) if pod is not None else None
        return (
            status is not None
            and "running" in (status.get("state") or {})
            and status.get("containerID") == self.run
        )


async def followed(call: Call, log_file: Followed, shown: bytes, place: int) -> web.StreamResponse:
    """What was SHOWN and what comes after PLACE, until the run has ended, the pod is gone or the limit is reached."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(call.request)
    await response.write(shown)
    left = log_file.limit
    while left > 0:
        current = call.api.find("pods", log_file.pod["metadata"]["name"], call.namespace)
        runs = log_file.runs(cast("Pod | None", current))
        more = after(log_file.path, place)
        place += len(more)
        await response.write(more[:left])
        left -= len(more)
        if not runs:
            break
        await asyncio.sleep(FOLLOW_S)
    return response
