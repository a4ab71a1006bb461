"""Lists: envelope, selectors, chunks, versions (API concepts: receiving large results in chunks, resource versions)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext

CONCEPTS = "API concepts: receiving large collections in chunks"
VERSIONS = "API concepts: semantics for get and list"
LABELS = UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/labels/selector.go"
FIELDS = UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/fields/selector.go"
SLICES = UPSTREAM + "pkg/registry/resource/resourceslice/strategy.go"


def fill(context: CheckContext, count: int = 5) -> None:
    """Config maps a-0 to a-N; even ones are red, odd ones blue."""
    for number in range(count):
        labels = {"mine": "yes", "color": ("red", "blue")[number % 2], "n": str(number)}
        context.create("configmaps", {"metadata": {"name": f"a-{number}", "labels": labels}})


def names(context: CheckContext, **query: str) -> list[str]:
    """Names of config maps in the list."""
    return [item["metadata"]["name"] for item in context.get("configmaps", **query).expect(200)["items"]]


@behaviour("listing/envelope", CONCEPTS)
def envelope(context: CheckContext) -> None:
    """A list has kind, apiVersion, a resourceVersion and items without kind and apiVersion of their own."""
    fill(context, 1)
    body = context.get("configmaps", labelSelector="mine").expect(200)
    same((body["kind"], body["apiVersion"]), ("ConfigMapList", "v1"), "envelope")
    holds(int(body["metadata"]["resourceVersion"]) > 0, "a version", body["metadata"])
    same("kind" in body["items"][0], False, "kind in an item")


@behaviour("listing/empty-items-is-a-list", CONCEPTS)
def empty_items(context: CheckContext) -> None:
    """An empty list has items []."""
    same(context.get("secrets").expect(200)["items"], [], "items")


@behaviour("listing/in-order-of-names", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go")
def in_order(context: CheckContext) -> None:
    """Lists are in the order of keys: namespace, then name."""
    for name in ("b", "c", "a"):
        context.create("configmaps", {"metadata": {"name": name, "labels": {"mine": "yes"}}})
    same(names(context, labelSelector="mine"), ["a", "b", "c"], "names")


@behaviour("listing/chunks", CONCEPTS)
def chunks(context: CheckContext) -> None:
    """limit gives a chunk with continue and remainingItemCount; continue gives the rest."""
    fill(context)
    base = context.name()  # config maps that the cluster adds by itself are left out by going over secrets
    for number in range(5):
        context.create("secrets", {"metadata": {"name": f"{base}-{number}"}})
    first = context.get("secrets", limit="2").expect(200)
    same((len(first["items"]), first["metadata"]["remainingItemCount"]), (2, 3), "the first chunk")
    second = context.get("secrets", limit="9", **{"continue": first["metadata"]["continue"]}).expect(200)
    same((len(second["items"]), second["metadata"].get("continue", "")), (3, ""), "the second chunk")


@behaviour("listing/chunks-are-one-moment", CONCEPTS)
def chunks_are_one_moment(context: CheckContext) -> None:
    """A later chunk shows the moment of the first one: what came in between is not in it."""
    for name in ("a", "c"):
        context.create("secrets", {"metadata": {"name": name}})
    first = context.get("secrets", limit="1").expect(200)
    context.create("secrets", {"metadata": {"name": "b"}})
    second = context.get("secrets", limit="9", **{"continue": first["metadata"]["continue"]}).expect(200)
    same([item["metadata"]["name"] for item in second["items"]], ["c"], "names")
    same(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"], "resourceVersion")


@behaviour("listing/no-remaining-count-with-selector", CONCEPTS)
def no_remaining_count(context: CheckContext) -> None:
    """With a selector there is no remainingItemCount."""
    fill(context)
    body = context.get("configmaps", labelSelector="color=red", limit="1").expect(200)
    same(
        (bool(body["metadata"].get("continue")), body["metadata"].get("remainingItemCount")),
        (True, None),
        "metadata",
    )


@behaviour("listing/garbage-continue-is-bad-request", CONCEPTS)
def garbage_continue(context: CheckContext) -> None:
    """A continue token that the server did not make is 400 BadRequest."""
    context.get("configmaps", limit="1", **{"continue": "garbage"}).refuse(
        400, "BadRequest", "continue key is not valid"
    )


@behaviour(
    "listing/continue-with-version-is-bad-request",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/continue.go",
)
def continue_with_version(context: CheckContext) -> None:
    """continue together with a resourceVersion is 400 BadRequest."""
    for name in ("a", "b"):
        context.create("secrets", {"metadata": {"name": name}})
    first = context.get("secrets", limit="1").expect(200)
    query = {
        "continue": first["metadata"]["continue"],
        "resourceVersion": first["metadata"]["resourceVersion"],
    }
    context.get("secrets", limit="1", **query).refuse(
        400, "BadRequest", "specifying resource version is not allowed when using continue"
    )


@behaviour("listing/labels-equality", LABELS)
def labels_equality(context: CheckContext) -> None:
    """=, == and != select by label; != also matches what has no such label."""
    fill(context, 4)
    found = [
        names(context, labelSelector=f"mine,{each}") for each in ("color=red", "color==blue", "color!=red")
    ]
    same(found, [["a-0", "a-2"], ["a-1", "a-3"], ["a-1", "a-3"]], "names")
    same(names(context, labelSelector="mine,no!=x"), ["a-0", "a-1", "a-2", "a-3"], "names without the label")


@behaviour("listing/labels-sets", LABELS)
def labels_sets(context: CheckContext) -> None:
    """in, notin, exists and not-exists select by label."""
    fill(context, 4)
    wanted = {
        "n in (1,3)": ["a-1", "a-3"],
        "mine,n notin (1,3)": ["a-0", "a-2"],
        "mine,color": ["a-0", "a-1", "a-2", "a-3"],
        "mine,!color": [],
    }
    same({each: names(context, labelSelector=each) for each in wanted}, wanted, "names")


@behaviour("listing/labels-greater", LABELS)
def labels_greater(context: CheckContext) -> None:
    """> and < compare labels as integers."""
    fill(context, 4)
    same(names(context, labelSelector="n>1"), ["a-2", "a-3"], "names")
    same(names(context, labelSelector="n<1"), ["a-0"], "names")


@behaviour("listing/bad-label-selector", LABELS)
def bad_label_selector(context: CheckContext) -> None:
    """A label selector that cannot be parsed is 400 BadRequest."""
    context.get("configmaps", labelSelector="a=(").refuse(400, "BadRequest", "unable to parse requirement")


@behaviour("listing/fields-metadata", FIELDS)
def fields_metadata(context: CheckContext) -> None:
    """metadata.name and metadata.namespace can be selected in every kind."""
    fill(context, 3)
    same(names(context, fieldSelector="metadata.name=a-1"), ["a-1"], "names")
    same(names(context, fieldSelector="metadata.name!=a-1", labelSelector="mine"), ["a-0", "a-2"], "names")
    same(names(context, fieldSelector="metadata.namespace=other"), [], "names of another namespace")


@behaviour("listing/unknown-field-is-bad-request", FIELDS)
def unknown_field(context: CheckContext) -> None:
    """A field that the kind does not offer is 400 BadRequest that names it."""
    context.get("configmaps", fieldSelector="data.x=1").refuse(
        400, "BadRequest", 'is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


@behaviour("listing/pods-by-node-and-phase", UPSTREAM + "pkg/registry/core/pod/strategy.go")
def pods_by_node(context: CheckContext) -> None:
    """Pods are selected by spec.nodeName, status.phase and spec.schedulerName."""
    spec = {"containers": [{"name": "a", "image": "x"}], "schedulerName": "nobody"}
    context.create("pods", {"metadata": {"name": "p"}, "spec": spec})
    found = {
        field: len(context.get("pods", fieldSelector=field).expect(200)["items"])
        for field in (
            "spec.nodeName=",
            "status.phase=Pending",
            "spec.schedulerName=nobody",
            "status.phase!=Pending",
        )
    }
    same(list(found.values()), [1, 1, 1, 0], f"counts for {list(found)}")


@behaviour("listing/slices-by-node-and-driver", SLICES)
def slices_by_node_and_driver(context: CheckContext) -> None:
    """ResourceSlices are selected by spec.nodeName and spec.driver."""
    name, driver = context.name(), f"{context.name()}.example.com"
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": driver, "pool": pool, "nodeName": name, "devices": [{"name": "d"}]}
    context.create("resourceslices", {"metadata": {"name": name}, "spec": spec})
    for selector in (
        f"spec.nodeName={name}",
        f"spec.driver={driver}",
        f"spec.nodeName={name},spec.driver={driver}",
    ):
        found = context.get("resourceslices", fieldSelector=selector).expect(200)["items"]
        same([item["metadata"]["name"] for item in found], [name], f"names for {selector}")


@behaviour("listing/slices-deletecollection-by-field", SLICES)
def slices_deletecollection(context: CheckContext) -> None:
    """A deletecollection with a field selector, as kubelets send it, removes the slices of the node only."""
    driver = f"{context.name()}.example.com"
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    nodes = [context.name(), context.name()]
    for node in nodes:
        spec = {"driver": driver, "pool": pool, "nodeName": node}
        context.create("resourceslices", {"metadata": {"name": node}, "spec": spec})
    context.delete("resourceslices", fieldSelector=f"spec.nodeName={nodes[0]}").expect(200)
    left = context.get("resourceslices", fieldSelector=f"spec.driver={driver}").expect(200)["items"]
    same([item["metadata"]["name"] for item in left], [nodes[1]], "what is left")


@behaviour("listing/slices-by-pool-is-refused", SLICES, until="1.36")
def slices_by_pool_refused(context: CheckContext) -> None:
    """Before 1.37 another field of a ResourceSlice cannot be selected."""
    context.get("resourceslices", fieldSelector="spec.pool.name=p").refuse(
        400, "BadRequest", "field label not supported"
    )


@behaviour("listing/slices-by-pool", SLICES, since="1.37")
def slices_by_pool(context: CheckContext) -> None:
    """ResourceSlices are selected by spec.pool.name."""
    pool = {"name": context.name(), "generation": 1, "resourceSliceCount": 1}
    name = context.name()
    spec = {"driver": "d.example.com", "pool": pool, "nodeName": "n"}
    context.create("resourceslices", {"metadata": {"name": name}, "spec": spec})
    found = context.get("resourceslices", fieldSelector=f"spec.pool.name={pool['name']}").expect(200)["items"]
    same([item["metadata"]["name"] for item in found], [name], "names")


@behaviour("listing/exact-needs-a-version", VERSIONS)
def exact_needs_a_version(context: CheckContext) -> None:
    """resourceVersionMatch without resourceVersion is 422 Forbidden."""
    context.get("configmaps", resourceVersionMatch="Exact").invalid(
        ("FieldValueForbidden", "resourceVersionMatch")
    )


@behaviour("listing/unknown-match", VERSIONS)
def unknown_match(context: CheckContext) -> None:
    """An unknown resourceVersionMatch is 422 NotSupported."""
    context.get("configmaps", resourceVersion="1", resourceVersionMatch="x").invalid(
        ("FieldValueNotSupported", "resourceVersionMatch")
    )


@behaviour("listing/exact-of-0", VERSIONS)
def exact_of_0(context: CheckContext) -> None:
    """resourceVersionMatch Exact with version 0 is 422 Forbidden."""
    context.get("configmaps", resourceVersion="0", resourceVersionMatch="Exact").invalid(
        ("FieldValueForbidden", "resourceVersionMatch")
    )


@behaviour("listing/exact-shows-the-past", VERSIONS)
def exact_shows_the_past(context: CheckContext) -> None:
    """resourceVersionMatch Exact gives the list as it was."""
    stored = context.create("secrets", {"metadata": {"name": "a"}})
    context.create("secrets", {"metadata": {"name": "b"}})
    version = stored["metadata"]["resourceVersion"]
    body = context.get("secrets", resourceVersion=version, resourceVersionMatch="Exact").expect(200)
    same([item["metadata"]["name"] for item in body["items"]], ["a"], "names")
    same(body["metadata"]["resourceVersion"], version, "resourceVersion")


@behaviour("listing/future-version-is-a-timeout", VERSIONS)
def future_version(context: CheckContext) -> None:
    """A get that must not be older than a version far ahead is 504 Timeout with the cause ResourceVersionTooLarge."""
    context.create("secrets", {"metadata": {"name": "a"}})
    status = context.get("secrets", "a", resourceVersion="99999999").refuse(
        504, "Timeout", "Too large resource version: 99999999, current:"
    )
    same([c["reason"] for c in status["details"]["causes"]], ["ResourceVersionTooLarge"], "causes")


@behaviour("listing/get-with-version", VERSIONS)
def get_with_version(context: CheckContext) -> None:
    """A get with resourceVersion 0 is answered."""
    context.create("secrets", {"metadata": {"name": "a"}})
    context.get("secrets", "a", resourceVersion="0").expect(200)


@behaviour("listing/all-namespaces", CONCEPTS)
def all_namespaces(context: CheckContext) -> None:
    """The list without namespace has objects of all of them."""
    context.create("configmaps", {"metadata": {"name": "a", "labels": {"mine": context.namespace}}})
    query = {"labelSelector": f"mine={context.namespace}"}
    body = context.client.send("GET", "/api/v1/configmaps", query=query).expect(200)
    same([item["metadata"]["namespace"] for item in body["items"]], [context.namespace], "namespaces")


@behaviour("listing/metadata-only", "API concepts: partial object metadata")
def metadata_only(context: CheckContext) -> None:
    """A list as PartialObjectMetadataList has metadata only."""
    fill(context, 1)
    headers = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    answer = context.client.send(
        "GET", context.path("configmaps"), query={"labelSelector": "mine"}, headers=headers
    )
    body = answer.expect(200)
    same((body["kind"], body["apiVersion"]), ("PartialObjectMetadataList", "meta.k8s.io/v1"), "envelope")
    same(sorted(set(body["items"][0]) - {"kind", "apiVersion"}), ["metadata"], "members of an item")
