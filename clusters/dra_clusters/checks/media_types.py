"""Media types of requests and answers: YAML, protobuf, and those that the server refuses (endpoints/handlers/negotiation)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext

HANDLERS = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/"


@behaviour("basics/unknown-content-type-is-415", HANDLERS + "negotiation/errors.go")
def unknown_content_type(context: CheckContext) -> None:
    """A body of a media type that the server does not know is 415 UnsupportedMediaType."""
    headers = {"Content-Type": "text/plain"}
    context.client.send("POST", context.path("configmaps"), b"x", headers=headers).refuse(
        415, "UnsupportedMediaType", "application/json"
    )


@behaviour("basics/unknown-accept-is-406", HANDLERS + "negotiation/errors.go")
def unknown_accept(context: CheckContext) -> None:
    """A media type that the server cannot give is 406 NotAcceptable."""
    headers = {"Accept": "image/png"}
    answer = context.client.send("GET", context.path("configmaps"), headers=headers)
    answer.refuse(
        406,
        "NotAcceptable",
        "Available representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )


@behaviour("basics/yaml-is-taken", HANDLERS + "create.go")
def yaml_is_taken(context: CheckContext) -> None:
    """A body may be YAML."""
    headers = {"Content-Type": "application/yaml"}
    text = b"kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  x: '1'\n"
    body = context.client.send("POST", context.path("configmaps"), text, headers=headers).expect(201)
    same(body["data"], {"x": "1"}, "data")


@behaviour("basics/yaml-is-given", HANDLERS + "negotiation")
def yaml_is_given(context: CheckContext) -> None:
    """With Accept: application/yaml the answer is YAML."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    answer = context.client.send(
        "GET", context.path("configmaps", "a"), headers={"Accept": "application/yaml"}
    )
    same(answer.headers["content-type"], "application/yaml", "Content-Type")
    holds("kind: ConfigMap" in answer.text, "YAML", answer.text)


@behaviour(
    "basics/protobuf-is-given", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)
def protobuf_is_given(context: CheckContext) -> None:
    """With Accept: application/vnd.kubernetes.protobuf the answer starts with the magic number of the envelope."""
    kind = "application/vnd.kubernetes.protobuf"
    answer = context.client.send("GET", "/api/v1/namespaces/default", headers={"Accept": kind})
    same(
        (answer.code, answer.headers["content-type"], answer.content[:4]),
        (200, kind, b"k8s\x00"),
        "the answer",
    )


@behaviour(
    "basics/protobuf-comes-back", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)
def protobuf_comes_back(context: CheckContext) -> None:
    """An object read as protobuf can be sent back as protobuf."""
    kind = "application/vnd.kubernetes.protobuf"
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    path = context.path("configmaps", "a")
    raw = context.client.send("GET", path, headers={"Accept": kind}).content
    body = context.client.send("PUT", path, raw, headers={"Content-Type": kind}).expect(200)
    same(body["data"], {"x": "1"}, "data")
