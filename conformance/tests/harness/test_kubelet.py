"""The suite as a kubelet, with drivers that answer what no kubelet takes."""

from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from dra_api import names
from dra_api.kubelet._generated import dra_v1_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginServicer, add_DRAPluginServicer_to_server
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.harness import Claim
from dra_conformance.harness.kubelet import SimulatedKubelet
from dra_conformance.harness.patience import Patience

CLAIM = Claim("default", "claim", "1", ())  # type: ignore[arg-type]
HUGE = 100 << 20


class Huge(DRAPluginServicer):
    """Answers with 100 MiB."""

    def NodePrepareResources(self, request: Any, context: Any) -> Any:
        """One entry with an error of 100 MiB."""
        answer = dra_v1_pb2.NodePrepareResourcesResponse()
        answer.claims["1"].error = "x" * HUGE
        return answer

    def NodeUnprepareResources(self, request: Any, context: Any) -> Any:
        """Nothing."""
        return dra_v1_pb2.NodeUnprepareResourcesResponse()


@pytest.fixture
def huge(tmp_path: Path) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(1), options=[("grpc.max_send_message_length", -1)])
    add_DRAPluginServicer_to_server(Huge(), server)
    server.add_insecure_port(f"unix:{tmp_path}/dra.sock")
    server.start()
    yield f"{tmp_path}/dra.sock"
    server.stop(None).wait()


def test_an_answer_of_100_mib_is_an_error_of_the_call_and_not_kept(huge: str, tmp_path: Path) -> None:
    evidence = Evidence()
    kubelet = SimulatedKubelet(
        driver="x.example.com", registry_dir=tmp_path, evidence=evidence, patience=Patience()
    )
    with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
        kubelet.prepare(CLAIM, version=names.DRA_V1, endpoint=huge)
    kubelet.disconnect()
    assert len(str(evidence.take())) < 10_000
