"""Validating and mutating webhooks are called (apiserver plugin/webhook; API docs: dynamic admission control)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Answer, eventually, holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.policies import CONFIG_MAPS, config, refused, try_out
from dra_clusters.checks.webhook_server import WebhookServer, patch

PLUGIN = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/"
VALIDATION = UPSTREAM + "pkg/apis/admissionregistration/validation/validation.go"
VALIDATING, MUTATING = "validatingwebhookconfigurations", "mutatingwebhookconfigurations"
NEEDS = ("api", "webhooks")
HOOK = "check.webhooks.example.com"


def hook(context: CheckContext, server: WebhookServer, **change: Any) -> JsonObject:
    """A webhook for the ConfigMaps of the own namespace."""
    return {
        "name": HOOK,
        "rules": [CONFIG_MAPS],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": context.namespace}},
        "clientConfig": {"url": server.url, "caBundle": server.bundle},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        **change,
    }


def configure(context: CheckContext, plural: str, *hooks: JsonObject) -> None:
    """Configure HOOKS."""
    context.create(plural, {"metadata": {"name": context.name()}, "webhooks": list(hooks)})


def deny_bad(request: JsonObject) -> JsonObject:
    """Refuse what is called bad."""
    bad = request["name"] == "bad"
    return {"allowed": not bad, "status": {"message": "no good name", "reason": "Teapot", "code": 418}}


def seen(context: CheckContext, *servers: WebhookServer) -> None:
    """Wait until the API server calls all SERVERS, then forget what was asked."""

    def look() -> bool:
        try_out(context, config("probe", x="1"))
        return all(server.requests for server in servers)

    eventually(look, "the webhooks are called")
    for server in servers:
        server.requests.clear()


@behaviour("webhooks/deny", PLUGIN + "errors/statuserror.go", needs=NEEDS)
def deny(context: CheckContext) -> None:
    """A refusal is answered with the webhook's code and reason, and a message that names the webhook."""
    with WebhookServer(deny_bad) as server:
        configure(context, VALIDATING, hook(context, server))
        status = refused(context, config("bad")).refuse(418, "Teapot")
        same(status["message"], f'admission webhook "{HOOK}" denied the request: no good name', "message")
        context.post("configmaps", config("good")).expect(201)


@behaviour("webhooks/deny-without-explanation", PLUGIN + "errors/statuserror.go", needs=NEEDS)
def deny_without_explanation(context: CheckContext) -> None:
    """A refusal without a status is 400 without a reason."""
    with WebhookServer(lambda request: {"allowed": request["name"] != "bad"}) as server:
        configure(context, VALIDATING, hook(context, server))
        text = f'admission webhook "{HOOK}" denied the request without explanation'
        refused(context, config("bad")).refuse(400, None, text)


@behaviour("webhooks/review", PLUGIN + "request/admissionreview.go", needs=NEEDS)
def review(context: CheckContext) -> None:
    """A review says who does what to which object, before and after."""
    with WebhookServer() as server:
        configure(context, VALIDATING, hook(context, server))
        seen(context, server)
        made = context.create("configmaps", config("a", x="1"))
        context.put("configmaps", {**made, "data": {"x": "2"}}).expect(200)
        context.delete("configmaps", "a").expect(200)
        create, update, delete = server.requests
    kind = {"group": "", "version": "v1", "kind": "ConfigMap"}
    plural = {"group": "", "version": "v1", "resource": "configmaps"}
    wanted = {
        "kind": kind,
        "requestKind": kind,
        "resource": plural,
        "requestResource": plural,
        "name": "a",
        "namespace": context.namespace,
        "operation": "CREATE",
        "dryRun": False,
    }
    same({name: create.get(name) for name in wanted}, wanted, "the review of the create")
    same((create["object"]["data"], create["oldObject"]), ({"x": "1"}, None), "objects of the create")
    same(create["object"]["metadata"]["uid"], made["metadata"]["uid"], "uid of the object")
    same(create["options"]["kind"], "CreateOptions", "options")
    same(
        (update["object"]["data"], update["oldObject"]["data"]),
        ({"x": "2"}, {"x": "1"}),
        "objects of the update",
    )
    same((delete["object"], delete["oldObject"]["data"]), (None, {"x": "2"}), "objects of the delete")


@behaviour("webhooks/mutate", PLUGIN + "mutating/dispatcher.go", needs=NEEDS)
def mutate(context: CheckContext) -> None:
    """A mutating webhook changes what is stored; validating ones see the change."""
    add = {"op": "add", "path": "/data/added", "value": "yes"}
    with WebhookServer(lambda _request: patch(add)) as changes, WebhookServer() as looks:
        configure(context, MUTATING, hook(context, changes))
        configure(context, VALIDATING, hook(context, looks))
        seen(context, changes, looks)
        same(context.create("configmaps", config("a", x="1"))["data"], {"x": "1", "added": "yes"}, "data")
        same(looks.requests[-1]["object"]["data"], {"x": "1", "added": "yes"}, "what the validating one saw")
        found = context.patch("merge", "configmaps", "a", {"data": {"added": None, "x": "2"}}).expect(200)
        same(found["data"], {"x": "2", "added": "yes"}, "data after a patch")


@behaviour("webhooks/reinvocation", PLUGIN + "mutating/reinvocationcontext.go", needs=NEEDS)
def reinvocation(context: CheckContext) -> None:
    """A mutating webhook that wants it is called again if a later one changed the object."""

    def note(request: JsonObject) -> JsonObject:
        found = request["object"]["data"]
        return patch({"op": "add", "path": "/data/first", "value": "again" if "second" in found else "once"})

    second = {"op": "add", "path": "/data/second", "value": "x"}
    with WebhookServer(note) as one, WebhookServer(lambda _request: patch(second)) as two:
        configure(
            context,
            MUTATING,
            hook(context, one, reinvocationPolicy="IfNeeded"),
            hook(context, two, name=f"b.{HOOK}"),
        )
        seen(context, one, two)
        same(
            context.create("configmaps", config("a", x="1"))["data"],
            {"x": "1", "first": "again", "second": "x"},
            "data",
        )
        same((len(one.requests), len(two.requests)), (2, 1), "calls")


@behaviour("webhooks/invalid-after-mutation", PLUGIN + "mutating/dispatcher.go", needs=NEEDS)
def invalid_after_mutation(context: CheckContext) -> None:
    """What a webhook makes of an object is validated."""
    wrong = {"op": "add", "path": "/metadata/labels/-bad-", "value": "x"}
    with WebhookServer(lambda _request: patch(wrong)) as server:
        configure(context, MUTATING, hook(context, server))
        refused(context, config("a", {"some": "label"})).invalid(("FieldValueInvalid", "metadata.labels"))


@behaviour("webhooks/generate-name", PLUGIN + "mutating/dispatcher.go", needs=NEEDS)
def generate_name(context: CheckContext) -> None:
    """A mutating webhook sees no name that is still to be generated; a validating one sees the name that is stored."""
    with WebhookServer() as early, WebhookServer() as late:
        configure(context, MUTATING, hook(context, early))
        configure(context, VALIDATING, hook(context, late))
        seen(context, early, late)
        made = context.create("configmaps", {"metadata": {"generateName": "a-"}})
        same((len(early.requests), len(late.requests)), (1, 1), "calls")
        holds(
            "name" not in early.requests[0]["object"]["metadata"], "no name yet", early.requests[0]["object"]
        )
        same(late.requests[0]["object"]["metadata"]["name"], made["metadata"]["name"], "the name")


@behaviour("webhooks/failure-policy", PLUGIN + "validating/dispatcher.go", needs=NEEDS)
def failure_policy(context: CheckContext) -> None:
    """A webhook that cannot be reached refuses with 500 InternalError, unless its failure policy is Ignore."""
    with WebhookServer() as server:
        gone = hook(context, server)
    configure(context, VALIDATING, {**gone, "failurePolicy": "Ignore"})
    context.post("configmaps", config("a")).expect(201)
    configure(context, VALIDATING, gone)
    text = f'Internal error occurred: failed calling webhook "{HOOK}": failed to call webhook: Post "{server.url}?timeout=10s": '
    answer = refused(context, config("b"))
    answer.refuse(
        500, "InternalError", text, f"dial tcp 127.0.0.1:{server.port}: connect: connection refused"
    )


@behaviour("webhooks/unknown-authority", PLUGIN + "validating/dispatcher.go", needs=NEEDS)
def unknown_authority(context: CheckContext) -> None:
    """A webhook whose certificate is not of its caBundle is not trusted."""
    with WebhookServer() as server, WebhookServer() as other:
        wrong = {"url": server.url, "caBundle": other.bundle}
        configure(context, VALIDATING, hook(context, server, clientConfig=wrong))
        text = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        refused(context, config("a")).refuse(500, "InternalError", text)
        same(server.requests, [], "reviews")


@behaviour("webhooks/invalid-answer", PLUGIN + "request/admissionreview.go", needs=NEEDS)
def invalid_answer(context: CheckContext) -> None:
    """An answer to another review, and a patch by a validating webhook, are failures."""
    with WebhookServer(lambda _request: {"uid": "x", "allowed": True}) as server:
        configure(context, VALIDATING, hook(context, server))
        text = 'received invalid webhook response: expected response.uid="'
        refused(context, config("a")).refuse(500, "InternalError", text, '", got "x"')


@behaviour("webhooks/warnings", PLUGIN + "validating/dispatcher.go", needs=NEEDS)
def warnings(context: CheckContext) -> None:
    """Warnings of a webhook reach the client."""
    with WebhookServer(lambda _request: {"allowed": True, "warnings": ["mind it"]}) as server:
        configure(context, VALIDATING, hook(context, server))
        eventually(
            lambda: '299 - "mind it"' in try_out(context, config("a")).headers.get("warning", ""),
            "the warning",
        )


@behaviour("webhooks/selectors-and-conditions", PLUGIN + "generic/webhook.go", needs=NEEDS)
def selectors(context: CheckContext) -> None:
    """An object selector and match conditions decide whether a webhook is called."""
    narrow = {
        "objectSelector": {"matchLabels": {"color": "red"}},
        "matchConditions": [{"name": "named", "expression": "object.metadata.name.startsWith('bad')"}],
    }
    with WebhookServer(deny_bad) as server:
        configure(context, VALIDATING, hook(context, server, **narrow))
        refused(context, config("bad", {"color": "red"})).refuse(418, "Teapot")
        server.requests.clear()
        context.post("configmaps", config("bad", {"color": "blue"})).expect(201)
        context.post("configmaps", config("good", {"color": "red"})).expect(201)
        same(server.requests, [], "reviews")


@behaviour("webhooks/broken-condition", PLUGIN + "matchconditions/matcher.go", needs=NEEDS)
def broken_condition(context: CheckContext) -> None:
    """A match condition that fails refuses with 403."""
    conditions = [{"name": "red", "expression": "object.data.color == 'red'"}]
    with WebhookServer() as server:
        configure(context, VALIDATING, hook(context, server, matchConditions=conditions))
        why = "expression 'object.data.color == 'red'' resulted in error: no such key: color"
        refused(context, config("a", x="1")).refuse(403, "Forbidden", why)


@behaviour("webhooks/dry-run", PLUGIN + "validating/dispatcher.go", needs=NEEDS)
def dry_run(context: CheckContext) -> None:
    """A webhook sees that a request is a dry run."""
    with WebhookServer() as server:
        configure(context, VALIDATING, hook(context, server, sideEffects="NoneOnDryRun"))
        eventually(
            lambda: try_out(context, config("a")).code == 201 and server.requests, "the webhook is called"
        )
        request = server.requests[-1]
        same((request["dryRun"], request["options"].get("dryRun")), (True, ["All"]), "dryRun and options")


@behaviour("webhooks/equivalent-versions", PLUGIN + "generic/webhook.go", needs=NEEDS)
def equivalent_versions(context: CheckContext) -> None:
    """A webhook for one version of a kind gets writes of the others converted to its own."""
    rule = {
        "apiGroups": ["resource.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["resourceclaims"],
    }
    old = {
        "metadata": {"name": "a"},
        "spec": {"devices": {"requests": [{"name": "r", "deviceClassName": "c"}]}},
    }
    with WebhookServer() as server:
        configure(context, VALIDATING, hook(context, server, rules=[rule]))

        def post() -> Answer:
            return context.post(
                "resourceclaims", old, api="/apis/resource.k8s.io/v1beta1", query={"dryRun": "All"}
            )

        eventually(lambda: post().code == 201 and server.requests, "the webhook is called")
        request = server.requests[-1]
    same((request["kind"]["version"], request["requestKind"]["version"]), ("v1", "v1beta1"), "versions")
    same(
        request["object"]["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"],
        "c",
        "the converted request",
    )


@behaviour(
    "webhooks/service-not-found",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/util/webhook/client.go",
    needs=NEEDS,
)
def service_not_found(context: CheckContext) -> None:
    """A webhook at a Service that does not exist is a failure that names both."""
    with WebhookServer() as server:
        service = {"name": "none", "namespace": context.namespace, "path": "/x"}
        configure(context, VALIDATING, hook(context, server, clientConfig={"service": service}))
        url = f"https://none.{context.namespace}.svc:443/x?timeout=10s"
        refused(context, config("a")).refuse(500, "InternalError", f'Post "{url}": service "none" not found')


@behaviour("webhooks/rules-are-checked", VALIDATION)
def rules_are_checked(context: CheckContext) -> None:
    """A configuration is refused for each thing that is missing or wrong."""
    wrong = {
        "name": "short.name",
        "clientConfig": {"url": "http://127.0.0.1/x"},
        "rules": [{"operations": ["*", "CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": []}],
        "timeoutSeconds": 31,
        "matchConditions": [{"name": "a", "expression": "object"}],
        "sideEffects": "Some",
        "admissionReviewVersions": ["v9"],
    }
    context.post(VALIDATING, {"metadata": {"name": context.name()}, "webhooks": [wrong]}).invalid(
        ("FieldValueInvalid", "webhooks[0].name"),
        ("FieldValueInvalid", "webhooks[0].clientConfig.url"),
        ("FieldValueInvalid", "webhooks[0].rules[0].operations"),
        ("FieldValueRequired", "webhooks[0].rules[0].resources"),
        ("FieldValueInvalid", "webhooks[0].timeoutSeconds"),
        ("FieldValueInvalid", "webhooks[0].matchConditions[0].expression"),
        ("FieldValueNotSupported", "webhooks[0].sideEffects"),
        ("FieldValueInvalid", "webhooks[0].admissionReviewVersions"),
    )
