"""What a server says of itself: discovery in both forms, OpenAPI, version and health (API concepts: API discovery)."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import CheckContext

DISCOVERY = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/discovery"
AGGREGATED = "KEP 3352"
LIST = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def resources(context: CheckContext, path: str) -> JsonObject:
    """The resources of a group version, by name."""
    return {item["name"]: item for item in context.client.send("GET", path).expect(200)["resources"]}


@behaviour("discovery/api-versions", DISCOVERY)
def api_versions(context: CheckContext) -> None:
    """/api is APIVersions with v1."""
    body = context.client.send("GET", "/api").expect(200)
    same((body["kind"], body["versions"]), ("APIVersions", ["v1"]), "/api")


@behaviour("discovery/groups", DISCOVERY)
def groups(context: CheckContext) -> None:
    """/apis lists the groups, each with a preferred version."""
    body = context.client.send("GET", "/apis").expect(200)
    found = {group["name"]: group["preferredVersion"]["version"] for group in body["groups"]}
    wanted = {
        "apps": "v1",
        "coordination.k8s.io": "v1",
        "events.k8s.io": "v1",
        "rbac.authorization.k8s.io": "v1",
        "resource.k8s.io": "v1",
        "apiextensions.k8s.io": "v1",
        "authentication.k8s.io": "v1",
        "authorization.k8s.io": "v1",
    }
    same((body["kind"], {name: found.get(name) for name in wanted}), ("APIGroupList", wanted), "groups")


@behaviour("discovery/one-group", DISCOVERY)
def one_group(context: CheckContext) -> None:
    """/apis/GROUP is an APIGroup whose first version is the preferred one."""
    body = context.client.send("GET", "/apis/resource.k8s.io").expect(200)
    same((body["kind"], body["versions"][0]), ("APIGroup", body["preferredVersion"]), "the group")


@behaviour("discovery/resources", DISCOVERY)
def resource_list(context: CheckContext) -> None:
    """/api/v1 is an APIResourceList with kind, scope, verbs and short names."""
    pods = resources(context, "/api/v1")["pods"]
    same(
        (pods["kind"], pods["namespaced"], pods["singularName"], pods["shortNames"]),
        ("Pod", True, "pod", ["po"]),
        "pods",
    )
    verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    same(sorted(pods["verbs"]), verbs, "verbs")


@behaviour("discovery/categories", DISCOVERY)
def categories(context: CheckContext) -> None:
    """Pods are in the category all, which kubectl get all asks for."""
    same(resources(context, "/api/v1")["pods"]["categories"], ["all"], "categories")


@behaviour("discovery/subresources", DISCOVERY)
def subresources(context: CheckContext) -> None:
    """Subresources are listed as NAME/SUB; those of another kind name its group and version."""
    found = resources(context, "/api/v1")
    holds(
        {"pods/status", "pods/binding", "pods/eviction", "serviceaccounts/token"} <= set(found),
        "subresources",
        sorted(found),
    )
    eviction = found["pods/eviction"]
    same(
        (eviction["group"], eviction["version"], eviction["kind"]),
        ("policy", "v1", "Eviction"),
        "pods/eviction",
    )


@behaviour("discovery/resource-k8s-io", DISCOVERY)
def resource_group(context: CheckContext) -> None:
    """resource.k8s.io/v1 has slices, claims with status, templates and classes."""
    found = resources(context, "/apis/resource.k8s.io/v1")
    wanted = {
        "deviceclasses",
        "resourceclaims",
        "resourceclaims/status",
        "resourceclaimtemplates",
        "resourceslices",
    }
    holds(wanted <= set(found), f"at least {sorted(wanted)}", sorted(found))
    same(
        [found["resourceslices"]["namespaced"], found["resourceclaims"]["namespaced"]],
        [False, True],
        "namespaced",
    )


@behaviour("discovery/aggregated-groups", AGGREGATED)
def aggregated_groups(context: CheckContext) -> None:
    """/apis as APIGroupDiscoveryList has each group with versions, resources and verbs in one answer."""
    answer = context.client.send("GET", "/apis", headers={"Accept": f"{LIST},application/json"})
    body = answer.expect(200)
    same((body["kind"], body["apiVersion"]), ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2"), "envelope")
    holds(
        answer.headers["content-type"].startswith("application/json;g=apidiscovery.k8s.io;v=v2"),
        "its media type",
        answer.headers["content-type"],
    )
    group = next(item for item in body["items"] if item["metadata"]["name"] == "resource.k8s.io")
    version = next(item for item in group["versions"] if item["version"] == "v1")
    slices = next(item for item in version["resources"] if item["resource"] == "resourceslices")
    same(
        (slices["scope"], slices["responseKind"]["kind"], version["freshness"]),
        ("Cluster", "ResourceSlice", "Current"),
        "slices",
    )


@behaviour("discovery/aggregated-core", AGGREGATED)
def aggregated_core(context: CheckContext) -> None:
    """/api as APIGroupDiscoveryList has one group without a name, subresources below their resources."""
    body = context.client.send("GET", "/api", headers={"Accept": LIST}).expect(200)
    same([item["metadata"].get("name", "") for item in body["items"]], [""], "groups")
    pods = next(item for item in body["items"][0]["versions"][0]["resources"] if item["resource"] == "pods")
    holds(
        "status" in {item["subresource"] for item in pods["subresources"]},
        "pods/status",
        pods["subresources"],
    )


@behaviour("discovery/etag", AGGREGATED)
def etag(context: CheckContext) -> None:
    """The aggregated answer has an ETag; asked with it, it is 304."""

    def unchanged() -> bool:  # groups of custom resources come and go beside this
        tag = context.client.send("GET", "/apis", headers={"Accept": LIST}).headers.get("etag", "none")
        answer = context.client.send("GET", "/apis", headers={"Accept": LIST, "If-None-Match": tag})
        return answer.code == 304

    eventually(unchanged, "304 for the ETag of the answer before")


@behaviour("discovery/version", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/routes/version.go")
def version(context: CheckContext) -> None:
    """/version has major, minor and gitVersion; with a trailing slash too."""
    for path in ("/version", "/version/"):
        body = context.client.send("GET", path).expect(200)
        same(f"{body['major']}.{body['minor'].rstrip('+')}", context.kubernetes, "release")
        holds(
            body["gitVersion"].startswith(f"v{context.kubernetes}."),
            "a gitVersion of the release",
            body["gitVersion"],
        )


@behaviour("discovery/health", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/healthz")
def health(context: CheckContext) -> None:
    """/healthz, /livez and /readyz are ok in plain text; verbose lists the checks."""
    for path in ("/healthz", "/livez", "/readyz"):
        answer = context.client.send("GET", path)
        same((answer.code, answer.text), (200, "ok"), path)
    text = context.client.send("GET", "/readyz", query={"verbose": ""}).text
    holds("[+]ping ok" in text and text.rstrip().endswith("readyz check passed"), "the list of checks", text)


@behaviour("discovery/openapi-v3-index", "KEP 2896")
def openapi_index(context: CheckContext) -> None:
    """/openapi/v3 points to one document for each group version, with a hash for caching."""
    paths = context.client.send("GET", "/openapi/v3").expect(200)["paths"]
    for name in ("api/v1", "apis/resource.k8s.io/v1"):
        holds(
            "hash=" in paths.get(name, {}).get("serverRelativeURL", ""),
            f"an address of {name}",
            sorted(paths),
        )


@behaviour("discovery/openapi-v3-document", "KEP 2896")
def openapi_document(context: CheckContext) -> None:
    """The v3 document of resource.k8s.io/v1 has schemas with their kind, and the paths."""
    body = context.client.send("GET", "/openapi/v3/apis/resource.k8s.io/v1").expect(200)
    holds(body["openapi"].startswith("3.0"), "OpenAPI 3.0", body["openapi"])
    schema = body["components"]["schemas"]["io.k8s.api.resource.v1.ResourceSlice"]
    kind = {"group": "resource.k8s.io", "kind": "ResourceSlice", "version": "v1"}
    same(schema["x-kubernetes-group-version-kind"], [kind], "kind of the schema")
    holds(
        "/apis/resource.k8s.io/v1/resourceslices" in body["paths"], "the path of slices", len(body["paths"])
    )


@behaviour("discovery/openapi-lists-have-types", UPSTREAM + "staging/src/k8s.io/api/resource/v1/types.go")
def openapi_list_types(context: CheckContext) -> None:
    """The schema says which lists are atomic, sets or maps; status.devices of a claim is a map of four keys."""
    body = context.client.send("GET", "/openapi/v3/apis/resource.k8s.io/v1").expect(200)
    schemas = body["components"]["schemas"]
    devices = schemas["io.k8s.api.resource.v1.ResourceClaimStatus"]["properties"]["devices"]
    same(devices["x-kubernetes-list-type"], "map", "list type")
    same(sorted(devices["x-kubernetes-list-map-keys"]), ["device", "driver", "pool", "shareID"], "keys")
    spec = schemas["io.k8s.api.resource.v1.ResourceSliceSpec"]
    same(spec["properties"]["devices"]["x-kubernetes-list-type"], "atomic", "list type of slice devices")
    same(sorted(spec["required"]), ["driver", "pool"], "required of a slice")


@behaviour("discovery/openapi-v2", "API concepts: OpenAPI v2")
def openapi_v2(context: CheckContext) -> None:
    """/openapi/v2 is one Swagger 2.0 document with definitions."""
    body = context.client.send("GET", "/openapi/v2").expect(200)
    holds("io.k8s.api.core.v1.Pod" in body["definitions"], "a definition of Pod", len(body["definitions"]))
    same(body["swagger"], "2.0", "swagger")


@behaviour("discovery/root", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/routes/index.go")
def root(context: CheckContext) -> None:
    """/ lists the paths."""
    paths = context.client.send("GET", "/").expect(200)["paths"]
    holds({"/api", "/apis", "/version", "/openapi/v3"} <= set(paths), "the main paths", paths[:20])
