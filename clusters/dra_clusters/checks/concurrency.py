"""Optimistic concurrency and preconditions (API conventions: concurrency control and consistency)."""

from concurrent.futures import ThreadPoolExecutor

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Client, holds, same
from dra_clusters.checks.context import CheckContext

STORE = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go"
CONVENTIONS = "API conventions: concurrency control and consistency"


@behaviour("concurrency/stale-put-is-a-conflict", CONVENTIONS)
def stale_put(context: CheckContext) -> None:
    """A replace from an old resourceVersion is 409 Conflict with the known sentence."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    context.put("configmaps", {**old, "data": {"x": "1"}}).expect(200)
    context.put("configmaps", {**old, "data": {"x": "2"}}).refuse(
        409,
        "Conflict",
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes'
        " to the latest version and try again",
    )


@behaviour("concurrency/put-without-version-wins", UPSTREAM + "pkg/registry/core/configmap/strategy.go")
def put_without_version(context: CheckContext) -> None:
    """A replace without resourceVersion overwrites where the kind allows it."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    context.put("configmaps", {**old, "data": {"x": "1"}}).expect(200)
    same(context.put("configmaps", {"metadata": {"name": "a"}}).expect(200).get("data"), None, "data")


@behaviour(
    "concurrency/slices-allow-unconditional-update",
    UPSTREAM + "pkg/registry/resource/resourceslice/strategy.go",
)
def slices_unconditional(context: CheckContext) -> None:
    """A ResourceSlice may be replaced without resourceVersion."""
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "d.example.com", "pool": pool, "nodeName": "n"}
    name = context.name()
    context.create("resourceslices", {"metadata": {"name": name}, "spec": spec})
    context.put("resourceslices", {"metadata": {"name": name}, "spec": spec}).expect(200)


@behaviour(
    "concurrency/custom-resources-want-a-version",
    "customresource strategy: AllowUnconditionalUpdate is false",
)
def leases_want_a_version(context: CheckContext) -> None:
    """A Lease cannot be replaced without resourceVersion: 422 at metadata.resourceVersion."""
    context.create("leases", {"metadata": {"name": "a"}, "spec": {}})
    answer = context.put("leases", {"metadata": {"name": "a"}, "spec": {"holderIdentity": "x"}})
    answer.invalid(("FieldValueInvalid", "metadata.resourceVersion"))


@behaviour(
    "concurrency/no-change-keeps-the-version",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go",
)
def no_change(context: CheckContext) -> None:
    """A replace that changes nothing is 200 and keeps the resourceVersion."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    new = context.put("configmaps", old).expect(200)
    same(new["metadata"]["resourceVersion"], old["metadata"]["resourceVersion"], "resourceVersion")


@behaviour("concurrency/versions-grow", CONVENTIONS)
def versions_grow(context: CheckContext) -> None:
    """Each write has a greater resourceVersion, over all kinds."""
    first = context.create("configmaps", {"metadata": {"name": "a"}})
    second = context.create("secrets", {"metadata": {"name": "a"}})
    numbers = [int(item["metadata"]["resourceVersion"]) for item in (first, second)]
    holds(numbers[0] < numbers[1], "growing versions", numbers)


@behaviour("concurrency/garbage-version-is-500", STORE)
def garbage_version(context: CheckContext) -> None:
    """A replace with a resourceVersion that is no number is 500 with what the parser said."""
    body = context.create("configmaps", {"metadata": {"name": "a"}})
    body["metadata"]["resourceVersion"] = "x"
    context.put("configmaps", body).refuse(500, None, 'strconv.ParseUint: parsing "x": invalid syntax')


@behaviour("concurrency/delete-precondition-uid", STORE)
def delete_precondition_uid(context: CheckContext) -> None:
    """A delete with the uid of another object is 409 Conflict and deletes nothing."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.delete("configmaps", "a", {"preconditions": {"uid": "no"}}).refuse(
        409, "Conflict", "the UID in the precondition (no) does not match the UID in record ("
    )
    context.get("configmaps", "a").expect(200)


@behaviour("concurrency/delete-precondition-version", STORE)
def delete_precondition_version(context: CheckContext) -> None:
    """A delete with an old resourceVersion is 409 Conflict."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    context.put("configmaps", {**old, "data": {"x": "1"}}).expect(200)
    options = {"preconditions": {"resourceVersion": old["metadata"]["resourceVersion"]}}
    context.delete("configmaps", "a", options).refuse(
        409, "Conflict", "the ResourceVersion in the precondition ("
    )


@behaviour(
    "concurrency/patch-with-version",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go",
)
def patch_with_version(context: CheckContext) -> None:
    """A merge patch that holds an old resourceVersion is 409 Conflict."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    context.put("configmaps", {**old, "data": {"x": "1"}}).expect(200)
    patch = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "data": {"y": "2"}}
    context.patch("merge", "configmaps", "a", patch).refuse(409, "Conflict", "the object has been modified")


@behaviour(
    "concurrency/patches-in-parallel-all-land",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go",
)
def parallel_patches(context: CheckContext) -> None:
    """Sixteen merge patches of different keys in parallel all land: the server retries."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    path = context.path("configmaps", "a")

    def add(number: int) -> int:
        client = Client(context.kubeconfig)
        try:
            return client.patch("merge", path, {"data": {f"k{number}": "x"}}).code
        finally:
            client.close()

    with ThreadPoolExecutor(4) as pool:
        codes = set(pool.map(add, range(16)))
    same((codes, len(context.get("configmaps", "a").body["data"])), ({200}, 16), "codes and keys")


@behaviour("concurrency/one-of-many-puts-wins", CONVENTIONS)
def one_put_wins(context: CheckContext) -> None:
    """Of eight replaces from the same version one succeeds and seven are conflicts."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    path = context.path("configmaps", "a")

    def replace(number: int) -> int:
        client = Client(context.kubeconfig)
        try:
            return client.send("PUT", path, {**old, "data": {"x": str(number)}}).code
        finally:
            client.close()

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(replace, range(8)))
    same(codes, [200] + [409] * 7, "codes")


@behaviour("concurrency/one-of-many-creates-wins", CONVENTIONS)
def one_create_wins(context: CheckContext) -> None:
    """Of eight creates of one name one succeeds and seven are AlreadyExists."""
    path = context.path("configmaps")

    def create(_: int) -> int:
        client = Client(context.kubeconfig)
        try:
            return client.send("POST", path, {"metadata": {"name": "a"}}).code
        finally:
            client.close()

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(create, range(8)))
    same(codes, [201] + [409] * 7, "codes")


@behaviour("concurrency/reads-see-writes", CONVENTIONS)
def reads_see_writes(context: CheckContext) -> None:
    """A get or list without resourceVersion sees what was answered before, from any connection."""
    other = Client(context.kubeconfig)
    context.defer(other.close)
    for number in range(10):
        context.create("configmaps", {"metadata": {"name": f"a-{number}", "labels": {"mine": "yes"}}})
        items = other.send("GET", context.path("configmaps"), query={"labelSelector": "mine"}).expect(200)[
            "items"
        ]
        same(len(items), number + 1, "objects in the list")
