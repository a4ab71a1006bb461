"""What a server says of itself: metrics, and its schemas in a form that clients read."""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext

GENERIC = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/metrics/metrics.go"


@behaviour("observing/metrics", GENERIC)
def metrics(context: CheckContext) -> None:
    """/metrics has the counters and durations of requests, by verb, group, version, resource and code, in Prometheus' text form."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    answer = context.client.send("GET", "/metrics").require(200)
    holds(
        answer.headers.get("content-type", "").startswith("text/plain; version=0.0.4"),
        "the text form",
        answer.headers,
    )
    lines = answer.text.splitlines()
    labels = ('resource="configmaps"', 'verb="POST"', 'code="201"', 'scope="resource"', 'version="v1"')
    rows = [line for line in lines if line.startswith("apiserver_request_total{")]
    counted = [line for line in rows if all(label in line for label in labels)]
    holds(counted and float(counted[0].rpartition(" ")[2]) >= 1, "the request is counted", counted)
    holds("# TYPE apiserver_request_total counter" in lines, "the type of the counter", lines[:3])
    holds("# TYPE apiserver_request_duration_seconds histogram" in lines, "a histogram of durations")


@behaviour(
    "observing/metrics-need-a-user",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/options/authorization.go alwaysAllowPaths",
)
def metrics_need_a_user(context: CheckContext) -> None:
    """/metrics is not for everybody: without credentials it is 401 or 403."""
    answer = context.client.send("GET", "/metrics", headers={"Authorization": ""})
    holds(answer.code in (401, 403), "401 or 403", answer.code)


@behaviour("observing/openapi-refers-to-what-it-has", UPSTREAM + "api/openapi-spec/v3")
def references(context: CheckContext) -> None:
    """Every reference in an OpenAPI v3 document leads to a schema of the same document."""
    for group in ("api/v1", "apis/apps/v1", "apis/resource.k8s.io/v1", "apis/apiextensions.k8s.io/v1"):
        document = context.client.send("GET", f"/openapi/v3/{group}").expect(200)
        known = document["components"]["schemas"]
        missing = {ref for ref in refs(document) if ref.removeprefix("#/components/schemas/") not in known}
        same(missing, set(), f"references of {group}")


def refs(value: Any) -> list[str]:
    """The references in a document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for member in value.values() for ref in refs(member)]
    return [ref for item in value for ref in refs(item)] if isinstance(value, list) else []


@behaviour(
    "observing/too-large",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/rest.go limitedReadBody",
)
def too_large(context: CheckContext) -> None:
    """A body of more than 3 MiB is 413 with the limit."""
    body = {"metadata": {"name": "a"}, "data": {"x": "y" * (3 << 20)}}
    context.post("configmaps", body).refuse(413, "RequestEntityTooLarge", "limit is 3145728")
