"""Questions to the endpoints of a driver, as the kubelet's probes and Prometheus ask them."""

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import grpc

from dra_api.kubelet._generated import probe_pb2 as pb
from dra_api.kubelet._generated.probe_pb2_grpc import HealthStub
from dra_conformance.harness.evidence import Evidence

TIMEOUT_S = 5.0
BYTES_MAX = 8 << 20


def dead(url: str, evidence: Evidence) -> str:
    """Why a liveness probe at URL (``http://`` or ``grpc://``) fails; empty if it succeeds."""
    parts = urlsplit(url)
    if parts.scheme == "grpc":
        found = not_serving(parts.netloc, parts.path.removeprefix("/"))
    else:
        code, text = get(url)
        found = "" if 200 <= code < 400 else f"{code} {text[:200]}"
    evidence.add("process", f"liveness probe {url}", answer=found or "alive")
    return found


def not_serving(address: str, service: str) -> str:
    """Why gRPC's health service does not say SERVING; empty if it does."""
    with grpc.insecure_channel(address) as channel:
        try:
            answer = HealthStub(channel).Check(pb.HealthCheckRequest(service=service), timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"
    if answer.status == pb.HealthCheckResponse.SERVING:
        return ""
    return str(pb.HealthCheckResponse.ServingStatus.Name(answer.status))


def get(url: str) -> tuple[int, str]:
    """(status, beginning of the body) of a GET; 0 without an answer."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 # of the descriptor, checked by callers
            return answer.status, answer.read(BYTES_MAX).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(BYTES_MAX).decode(errors="replace")
    except OSError as error:
        return 0, str(error)
