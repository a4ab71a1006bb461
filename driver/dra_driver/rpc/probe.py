"""gRPC's health service for the kubelet's gRPC probes: ``liveness``, ``readiness``, and empty for liveness."""

import grpc.aio

from dra_api.kubelet._generated import probe_pb2 as pb
from dra_api.kubelet._generated.probe_pb2_grpc import HealthServicer, add_HealthServicer_to_server
from dra_driver.errors import ConfigError
from dra_driver.probes import Probes


class Health(HealthServicer):
    """``grpc.health.v1.Health`` without streams, which the kubelet does not use (pkg/probe/grpc/grpc.go)."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes

    async def Check(
        self, request: pb.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> pb.HealthCheckResponse:
        """NOT_SERVING with the reason as trailing metadata ``reason``."""
        questions = {"": self._probes.dead, "liveness": self._probes.dead, "readiness": self._probes.unready}
        if request.service not in questions:
            await context.abort(
                grpc.StatusCode.NOT_FOUND, f"no service {request.service!r}; wanted liveness or readiness"
            )
        reason = questions[request.service]()
        if reason:
            context.set_trailing_metadata((("reason", reason.encode("ascii", "replace").decode()),))
            return pb.HealthCheckResponse(status=pb.HealthCheckResponse.NOT_SERVING)
        return pb.HealthCheckResponse(status=pb.HealthCheckResponse.SERVING)


async def serve_health(address: str, probes: Probes) -> grpc.aio.Server | None:
    """Serve on ``host:port``; None if ADDRESS is empty.

    Raises:
        ConfigError: the address is not one, or is in use.
    """
    if not address:
        return None
    server = grpc.aio.server()
    add_HealthServicer_to_server(Health(probes), server)
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        message = f"--health-address {address}: cannot listen there; wanted host:port that is free"
        raise ConfigError(message) from error
    await server.start()
    return server
