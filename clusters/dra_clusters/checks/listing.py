"""Lists: envelope, selectors, chunks, versions (API concepts: receiving large results in chunks, resource versions)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.world import World

CONCEPTS = "API concepts: receiving large collections in chunks"
VERSIONS = "API concepts: semantics for get and list"
LABELS = UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/labels/selector.go"
FIELDS = UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/fields/selector.go"
SLICES = UPSTREAM + "pkg/registry/resource/resourceslice/strategy.go"


def fill(world: World, count: int = 5) -> None:
    """Config maps a-0 to a-N; even ones are red, odd ones blue."""
    for number in range(count):
        labels = {"mine": "yes", "color": ("red", "blue")[number % 2], "n": str(number)}
        world.create("configmaps", {"metadata": {"name": f"a-{number}", "labels": labels}})


def names(world: World, **query: str) -> list[str]:
    """Names of config maps in the list."""
    return [item["metadata"]["name"] for item in world.get("configmaps", **query).expect(200)["items"]]


@behaviour("listing/envelope", CONCEPTS)
def envelope(world: World) -> None:
    """A list has kind, apiVersion, a resourceVersion and items without kind and apiVersion of their own."""
    fill(world, 1)
    body = world.get("configmaps", labelSelector="mine").expect(200)
    same((body["kind"], body["apiVersion"]), ("ConfigMapList", "v1"), "envelope")
    holds(int(body["metadata"]["resourceVersion"]) > 0, "a version", body["metadata"])
    same("kind" in body["items"][0], False, "kind in an item")


@behaviour("listing/empty-items-is-a-list", CONCEPTS)
def empty_items(world: World) -> None:
    """An empty list has items []."""
    same(world.get("secrets").expect(200)["items"], [], "items")


@behaviour("listing/in-order-of-names", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go")
def in_order(world: World) -> None:
    """Lists are in the order of keys: namespace, then name."""
    for name in ("b", "c", "a"):
        world.create("configmaps", {"metadata": {"name": name, "labels": {"mine": "yes"}}})
    same(names(world, labelSelector="mine"), ["a", "b", "c"], "names")


@behaviour("listing/chunks", CONCEPTS)
def chunks(world: World) -> None:
    """limit gives a chunk with continue and remainingItemCount; continue gives the rest."""
    fill(world)
    base = world.name()  # config maps that the cluster adds by itself are left out by going over secrets
    for number in range(5):
        world.create("secrets", {"metadata": {"name": f"{base}-{number}"}})
    first = world.get("secrets", limit="2").expect(200)
    same((len(first["items"]), first["metadata"]["remainingItemCount"]), (2, 3), "the first chunk")
    second = world.get("secrets", limit="9", **{"continue": first["metadata"]["continue"]}).expect(200)
    same((len(second["items"]), second["metadata"].get("continue", "")), (3, ""), "the second chunk")


@behaviour("listing/chunks-are-one-moment", CONCEPTS)
def chunks_are_one_moment(world: World) -> None:
    """A later chunk shows the moment of the first one: what came in between is not in it."""
    for name in ("a", "c"):
        world.create("secrets", {"metadata": {"name": name}})
    first = world.get("secrets", limit="1").expect(200)
    world.create("secrets", {"metadata": {"name": "b"}})
    second = world.get("secrets", limit="9", **{"continue": first["metadata"]["continue"]}).expect(200)
    same([item["metadata"]["name"] for item in second["items"]], ["c"], "names")
    same(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"], "resourceVersion")


@behaviour("listing/no-remaining-count-with-selector", CONCEPTS)
def no_remaining_count(world: World) -> None:
    """With a selector there is no remainingItemCount."""
    fill(world)
    body = world.get("configmaps", labelSelector="color=red", limit="1").expect(200)
    same(
        (bool(body["metadata"].get("continue")), body["metadata"].get("remainingItemCount")),
        (True, None),
        "metadata",
    )


@behaviour("listing/garbage-continue-is-bad-request", CONCEPTS)
def garbage_continue(world: World) -> None:
    """A continue token that the server did not make is 400 BadRequest."""
    world.get("configmaps", limit="1", **{"continue": "garbage"}).refuse(
        400, "BadRequest", "continue key is not valid"
    )


@behaviour(
    "listing/continue-with-version-is-bad-request",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/continue.go",
)
def continue_with_version(world: World) -> None:
    """continue together with a resourceVersion is 400 BadRequest."""
    for name in ("a", "b"):
        world.create("secrets", {"metadata": {"name": name}})
    first = world.get("secrets", limit="1").expect(200)
    query = {
        "continue": first["metadata"]["continue"],
        "resourceVersion": first["metadata"]["resourceVersion"],
    }
    world.get("secrets", limit="1", **query).refuse(
        400, "BadRequest", "specifying resource version is not allowed when using continue"
    )


@behaviour("listing/labels-equality", LABELS)
def labels_equality(world: World) -> None:
    """=, == and != select by label; != also matches what has no such label."""
    fill(world, 4)
    found = [
        names(world, labelSelector=f"mine,{each}") for each in ("color=red", "color==blue", "color!=red")
    ]
    same(found, [["a-0", "a-2"], ["a-1", "a-3"], ["a-1", "a-3"]], "names")
    same(names(world, labelSelector="mine,no!=x"), ["a-0", "a-1", "a-2", "a-3"], "names without the label")


@behaviour("listing/labels-sets", LABELS)
def labels_sets(world: World) -> None:
    """in, notin, exists and not-exists select by label."""
    fill(world, 4)
    wanted = {
        "n in (1,3)": ["a-1", "a-3"],
        "mine,n notin (1,3)": ["a-0", "a-2"],
        "mine,color": ["a-0", "a-1", "a-2", "a-3"],
        "mine,!color": [],
    }
    same({each: names(world, labelSelector=each) for each in wanted}, wanted, "names")


@behaviour("listing/labels-greater", LABELS)
def labels_greater(world: World) -> None:
    """> and < compare labels as integers."""
    fill(world, 4)
    same(names(world, labelSelector="n>1"), ["a-2", "a-3"], "names")
    same(names(world, labelSelector="n<1"), ["a-0"], "names")


@behaviour("listing/bad-label-selector", LABELS)
def bad_label_selector(world: World) -> None:
    """A label selector that cannot be parsed is 400 BadRequest."""
    world.get("configmaps", labelSelector="a=(").refuse(400, "BadRequest", "unable to parse requirement")


@behaviour("listing/fields-metadata", FIELDS)
def fields_metadata(world: World) -> None:
    """metadata.name and metadata.namespace can be selected in every kind."""
    fill(world, 3)
    same(names(world, fieldSelector="metadata.name=a-1"), ["a-1"], "names")
    same(names(world, fieldSelector="metadata.name!=a-1", labelSelector="mine"), ["a-0", "a-2"], "names")
    same(names(world, fieldSelector="metadata.namespace=other"), [], "names of another namespace")


@behaviour("listing/unknown-field-is-bad-request", FIELDS)
def unknown_field(world: World) -> None:
    """A field that the kind does not offer is 400 BadRequest that names it."""
    world.get("configmaps", fieldSelector="data.x=1").refuse(
        400, "BadRequest", 'is not a known field selector: only "metadata.name", "metadata.namespace"'
    )


@behaviour("listing/pods-by-node-and-phase", UPSTREAM + "pkg/registry/core/pod/strategy.go")
def pods_by_node(world: World) -> None:
    """Pods are selected by spec.nodeName, status.phase and spec.schedulerName."""
    spec = {"containers": [{"name": "a", "image": "x"}], "schedulerName": "nobody"}
    world.create("pods", {"metadata": {"name": "p"}, "spec": spec})
    found = {
        field: len(world.get("pods", fieldSelector=field).expect(200)["items"])
        for field in (
            "spec.nodeName=",
            "status.phase=Pending",
            "spec.schedulerName=nobody",
            "status.phase!=Pending",
        )
    }
    same(list(found.values()), [1, 1, 1, 0], f"counts for {list(found)}")


@behaviour("listing/slices-by-node-and-driver", SLICES)
def slices_by_node_and_driver(world: World) -> None:
    """ResourceSlices are selected by spec.nodeName and spec.driver."""
    name, driver = world.name(), f"{world.name()}.example.com"
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": driver, "pool": pool, "nodeName": name, "devices": [{"name": "d"}]}
    world.create("resourceslices", {"metadata": {"name": name}, "spec": spec})
    for selector in (
        f"spec.nodeName={name}",
        f"spec.driver={driver}",
        f"spec.nodeName={name},spec.driver={driver}",
    ):
        found = world.get("resourceslices", fieldSelector=selector).expect(200)["items"]
        same([item["metadata"]["name"] for item in found], [name], f"names for {selector}")


@behaviour("listing/slices-deletecollection-by-field", SLICES)
def slices_deletecollection(world: World) -> None:
    """The kubelet's wipe, a deletecollection with a field selector, removes the slices of the node only."""
    driver = f"{world.name()}.example.com"
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    nodes = [world.name(), world.name()]
    for node in nodes:
        spec = {"driver": driver, "pool": pool, "nodeName": node}
        world.create("resourceslices", {"metadata": {"name": node}, "spec": spec})
    world.delete("resourceslices", fieldSelector=f"spec.nodeName={nodes[0]}").expect(200)
    left = world.get("resourceslices", fieldSelector=f"spec.driver={driver}").expect(200)["items"]
    same([item["metadata"]["name"] for item in left], [nodes[1]], "what is left")


@behaviour("listing/slices-by-pool-is-refused", SLICES, until="1.36")
def slices_by_pool_refused(world: World) -> None:
    """Before 1.37 another field of a ResourceSlice cannot be selected."""
    world.get("resourceslices", fieldSelector="spec.pool.name=p").refuse(
        400, "BadRequest", "field label not supported"
    )


@behaviour("listing/slices-by-pool", SLICES, since="1.37")
def slices_by_pool(world: World) -> None:
    """ResourceSlices are selected by spec.pool.name."""
    pool = {"name": world.name(), "generation": 1, "resourceSliceCount": 1}
    name = world.name()
    spec = {"driver": "d.example.com", "pool": pool, "nodeName": "n"}
    world.create("resourceslices", {"metadata": {"name": name}, "spec": spec})
    found = world.get("resourceslices", fieldSelector=f"spec.pool.name={pool['name']}").expect(200)["items"]
    same([item["metadata"]["name"] for item in found], [name], "names")


@behaviour("listing/exact-needs-a-version", VERSIONS)
def exact_needs_a_version(world: World) -> None:
    """resourceVersionMatch without resourceVersion is 422 Forbidden."""
    world.get("configmaps", resourceVersionMatch="Exact").invalid(
        ("FieldValueForbidden", "resourceVersionMatch")
    )


@behaviour("listing/unknown-match", VERSIONS)
def unknown_match(world: World) -> None:
    """An unknown resourceVersionMatch is 422 NotSupported."""
    world.get("configmaps", resourceVersion="1", resourceVersionMatch="x").invalid(
        ("FieldValueNotSupported", "resourceVersionMatch")
    )


@behaviour("listing/exact-of-0", VERSIONS)
def exact_of_0(world: World) -> None:
    """resourceVersionMatch Exact with version 0 is 422 Forbidden."""
    world.get("configmaps", resourceVersion="0", resourceVersionMatch="Exact").invalid(
        ("FieldValueForbidden", "resourceVersionMatch")
    )


@behaviour("listing/exact-shows-the-past", VERSIONS)
def exact_shows_the_past(world: World) -> None:
    """resourceVersionMatch Exact gives the list as it was."""
    stored = world.create("secrets", {"metadata": {"name": "a"}})
    world.create("secrets", {"metadata": {"name": "b"}})
    version = stored["metadata"]["resourceVersion"]
    body = world.get("secrets", resourceVersion=version, resourceVersionMatch="Exact").expect(200)
    same([item["metadata"]["name"] for item in body["items"]], ["a"], "names")
    same(body["metadata"]["resourceVersion"], version, "resourceVersion")


@behaviour("listing/future-version-is-a-timeout", VERSIONS)
def future_version(world: World) -> None:
    """A get that must not be older than a version far ahead is 504 Timeout with the cause ResourceVersionTooLarge."""
    world.create("secrets", {"metadata": {"name": "a"}})
    status = world.get("secrets", "a", resourceVersion="99999999").refuse(
        504, "Timeout", "Too large resource version: 99999999, current:"
    )
    same([c["reason"] for c in status["details"]["causes"]], ["ResourceVersionTooLarge"], "causes")


@behaviour("listing/get-with-version", VERSIONS)
def get_with_version(world: World) -> None:
    """A get with resourceVersion 0 is answered."""
    world.create("secrets", {"metadata": {"name": "a"}})
    world.get("secrets", "a", resourceVersion="0").expect(200)


@behaviour("listing/all-namespaces", CONCEPTS)
def all_namespaces(world: World) -> None:
    """The list without namespace has objects of all of them."""
    world.create("configmaps", {"metadata": {"name": "a", "labels": {"mine": world.namespace}}})
    query = {"labelSelector": f"mine={world.namespace}"}
    body = world.client.send("GET", "/api/v1/configmaps", query=query).expect(200)
    same([item["metadata"]["namespace"] for item in body["items"]], [world.namespace], "namespaces")


@behaviour("listing/metadata-only", "API concepts: partial object metadata")
def metadata_only(world: World) -> None:
    """A list as PartialObjectMetadataList has metadata only."""
    fill(world, 1)
    headers = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    answer = world.client.send(
        "GET", world.path("configmaps"), query={"labelSelector": "mine"}, headers=headers
    )
    body = answer.expect(200)
    same((body["kind"], body["apiVersion"]), ("PartialObjectMetadataList", "meta.k8s.io/v1"), "envelope")
    same(sorted(set(body["items"][0]) - {"kind", "apiVersion"}), ["metadata"], "members of an item")
