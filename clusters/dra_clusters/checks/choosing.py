"""Which devices the scheduler chooses: selectors, constraints, alternatives, taints (dynamic-resource-allocation/structured)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.stage import Stage, cel, request
from dra_clusters.checks.world import World

ALLOCATOR = UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/structured"
NEEDS = ("api", "scheduler")


@behaviour("scheduling/selector-on-attribute", ALLOCATOR, needs=NEEDS)
def selector_on_attribute(world: World) -> None:
    """A selector sees attributes below the driver's name."""
    stage = Stage(world)
    devices = [{"name": f"d{n}", "attributes": {"model": {"string": m}}} for n, m in enumerate(("a", "b"))]
    stage.publish(stage.node(), devices)
    claim = stage.claim(request(selectors=cel(f'device.attributes["{stage.driver}"].model == "b"')))
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d1"], "devices")


@behaviour(
    "scheduling/selector-on-other-domain",
    UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/cel",
    needs=NEEDS,
)
def selector_on_other_domain(world: World) -> None:
    """Attributes with a domain are below that domain; an unknown domain is an empty map."""
    stage = Stage(world)
    devices = [{"name": "d0"}, {"name": "d1", "attributes": {"other.example.com/x": {"int": 3}}}]
    stage.publish(stage.node(), devices)
    expression = (
        'has(device.attributes["other.example.com"].x) && device.attributes["other.example.com"].x > 2'
    )
    claim = stage.claim(request(selectors=cel(expression)))
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d1"], "devices")


@behaviour("scheduling/selector-on-capacity", ALLOCATOR, needs=NEEDS)
def selector_on_capacity(world: World) -> None:
    """A selector compares capacities as quantities."""
    stage = Stage(world)
    devices = [
        {"name": f"d{n}", "capacity": {"memory": {"value": v}}} for n, v in enumerate(("1Gi", "4096Mi"))
    ]
    stage.publish(stage.node(), devices)
    expression = f'device.capacity["{stage.driver}"].memory.compareTo(quantity("4Gi")) >= 0'
    claim = stage.claim(request(selectors=cel(expression)))
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d1"], "devices")


@behaviour("scheduling/selector-on-version", ALLOCATOR, needs=NEEDS)
def selector_on_version(world: World) -> None:
    """A selector compares versions as semantic versions."""
    stage = Stage(world)
    devices = [
        {"name": f"d{n}", "attributes": {"v": {"version": v}}} for n, v in enumerate(("1.9.0", "1.10.0"))
    ]
    stage.publish(stage.node(), devices)
    expression = f'device.attributes["{stage.driver}"].v.isGreaterThan(semver("1.9.5"))'
    claim = stage.claim(request(selectors=cel(expression)))
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d1"], "devices")


@behaviour("scheduling/class-selects-too", ALLOCATOR, needs=NEEDS)
def class_selects(world: World) -> None:
    """A device must match the selectors of the class and of the request."""
    stage = Stage(world)
    devices = [
        {"name": f"d{n}", "attributes": {"x": {"int": x}, "y": {"int": y}}}
        for n, (x, y) in enumerate([(1, 0), (0, 1), (1, 1)])
    ]
    stage.publish(stage.node(), devices)
    kind = stage.add_class(
        selectors=cel(f'device.driver == "{stage.driver}" && device.attributes["{stage.driver}"].x == 1')
    )
    claim = stage.claim(request(kind=kind, selectors=cel(f'device.attributes["{stage.driver}"].y == 1')))
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d2"], "devices")


@behaviour("scheduling/cel-error-blocks", ALLOCATOR, needs=NEEDS)
def cel_error(world: World) -> None:
    """An expression that fails at run time, as over a missing attribute, leaves the pod waiting."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    pod = stage.pod(stage.claim(request(selectors=cel(f'device.attributes["{stage.driver}"].no == 1'))))
    stage.waiting(pod, "no such key: no")


@behaviour("scheduling/match-attribute", ALLOCATOR, needs=NEEDS)
def match_attribute(world: World) -> None:
    """matchAttribute gives devices of one value, going back on the first choice where that is needed."""
    stage = Stage(world)
    devices = [{"name": f"d{n}", "attributes": {"numa": {"int": v}}} for n, v in enumerate((0, 1, 1))]
    stage.publish(stage.node(), devices)
    claim = stage.claim(request(count=2), constraints=[{"matchAttribute": f"{stage.driver}/numa"}])
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d1", "d2"], "devices")


@behaviour("scheduling/match-attribute-of-some-requests", ALLOCATOR, needs=NEEDS)
def match_some(world: World) -> None:
    """A constraint with requests leaves the others free."""
    stage = Stage(world)
    devices = [{"name": f"d{n}", "attributes": {"numa": {"int": v}}} for n, v in enumerate((0, 1, 1))]
    stage.publish(stage.node(), devices)
    constraint = {"requests": ["b", "c"], "matchAttribute": f"{stage.driver}/numa"}
    claim = stage.claim(request("a"), request("b"), request("c"), constraints=[constraint])
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d0", "d1", "d2"], "devices")


@behaviour("scheduling/match-attribute-must-be-there", ALLOCATOR, needs=NEEDS)
def match_missing(world: World) -> None:
    """A device without the attribute of a constraint is not taken."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", {"name": "d1", "attributes": {"numa": {"int": 0}}}])
    claim = stage.claim(constraints=[{"matchAttribute": f"{stage.driver}/numa"}])
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d1"], "devices")


@behaviour("scheduling/distinct-attribute", "KEP 5075", needs=NEEDS, since="1.36")
def distinct_attribute(world: World) -> None:
    """distinctAttribute gives devices of different values to different requests."""
    stage = Stage(world)
    devices = [{"name": f"d{n}", "attributes": {"numa": {"int": v}}} for n, v in enumerate((0, 0, 1))]
    stage.publish(stage.node(), devices)
    claim = stage.claim(
        request("a"), request("b"), constraints=[{"distinctAttribute": f"{stage.driver}/numa"}]
    )
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d0", "d2"], "devices")


@behaviour("scheduling/goes-back", ALLOCATOR, needs=NEEDS)
def goes_back(world: World) -> None:
    """An earlier request gives up its device where a later one needs that very device."""
    stage = Stage(world)
    devices = [{"name": f"d{n}", "attributes": {"n": {"int": n}}} for n in range(2)]
    stage.publish(stage.node(), devices)
    only_first = request("b", selectors=cel(f'device.attributes["{stage.driver}"].n == 0'))
    claim = stage.claim(request("a"), only_first)
    stage.scheduled(stage.pod(claim))
    same([(r["request"], r["device"]) for r in stage.results(claim)], [("a", "d1"), ("b", "d0")], "results")


@behaviour("scheduling/first-available-takes-the-first", "KEP 4816", needs=NEEDS)
def first_available(world: World) -> None:
    """Of alternatives the first that can be had is taken; the result names request/alternative."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", "d1"])
    claim = stage.claim({"name": "r", "firstAvailable": [{"name": "two", "count": 2}, {"name": "one"}]})
    stage.scheduled(stage.pod(claim))
    same([r["request"] for r in stage.results(claim)], ["r/two", "r/two"], "requests")


@behaviour("scheduling/first-available-falls-back", "KEP 4816", needs=NEEDS)
def falls_back(world: World) -> None:
    """Where the first alternative cannot be had the next is taken."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    claim = stage.claim({"name": "r", "firstAvailable": [{"name": "two", "count": 2}, {"name": "one"}]})
    stage.scheduled(stage.pod(claim))
    same([r["request"] for r in stage.results(claim)], ["r/one"], "requests")


@behaviour(
    "scheduling/first-available-prefers-the-better-node", "KEP 4816: scoring", needs=NEEDS, since="1.35"
)
def prefers_the_better_node(world: World) -> None:
    """A node that can give the first alternative is preferred."""
    stage = Stage(world)
    small, big = stage.node(), stage.node()
    stage.publish(small, ["d0"])
    stage.publish(big, ["d0", "d1"])
    claim = stage.claim({"name": "r", "firstAvailable": [{"name": "two", "count": 2}, {"name": "one"}]})
    same(stage.scheduled(stage.pod(claim)), big, "node")


@behaviour("scheduling/configuration-of-class-and-claim", ALLOCATOR, needs=NEEDS)
def configuration(world: World) -> None:
    """The allocation carries the class's configuration first, then the claim's, each with its source."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    opaque = [{"opaque": {"driver": stage.driver, "parameters": {"n": n}}} for n in range(2)]
    kind = stage.add_class(config=[opaque[0]])
    claim = stage.claim(request(kind=kind), config=[opaque[1]])
    stage.scheduled(stage.pod(claim))
    config = stage.read("resourceclaims", claim)["status"]["allocation"]["devices"]["config"]
    found = [(c["source"], c["opaque"]["parameters"]["n"]) for c in config]
    same(found, [("FromClass", 0), ("FromClaim", 1)], "configuration")


@behaviour("scheduling/configuration-names-requests", ALLOCATOR, needs=NEEDS)
def configuration_requests(world: World) -> None:
    """Configuration of a class names the requests of that class; the claim's keeps its list."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", "d1"])
    config = [{"requests": ["b"], "opaque": {"driver": stage.driver, "parameters": {}}}]
    claim = stage.claim(request("a"), request("b"), config=config)
    stage.scheduled(stage.pod(claim))
    found = stage.read("resourceclaims", claim)["status"]["allocation"]["devices"]["config"]
    same([c["requests"] for c in found], [["b"]], "requests")


@behaviour("scheduling/taint-keeps-away", "KEP 5055", needs=NEEDS, since="1.36")
def taint(world: World) -> None:
    """A device with a NoSchedule taint is not taken."""
    stage = Stage(world)
    taints = [{"key": "example.com/sick", "effect": "NoSchedule"}]
    stage.publish(stage.node(), [{"name": "d0", "taints": taints}, "d1"])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d1"], "devices")


@behaviour("scheduling/toleration-takes-it", "KEP 5055", needs=NEEDS, since="1.36")
def toleration(world: World) -> None:
    """A request that tolerates the taint takes the device, and the result carries the toleration."""
    stage = Stage(world)
    taints = [{"key": "example.com/sick", "value": "x", "effect": "NoSchedule"}]
    stage.publish(stage.node(), [{"name": "d0", "taints": taints}])
    tolerations = [{"key": "example.com/sick", "operator": "Equal", "value": "x", "effect": "NoSchedule"}]
    claim = stage.claim(request(tolerations=tolerations))
    stage.scheduled(stage.pod(claim))
    same(stage.results(claim)[0]["tolerations"], tolerations, "tolerations")


@behaviour("scheduling/taint-none-is-information", "KEP 5055", needs=NEEDS, since="1.36")
def taint_none(world: World) -> None:
    """A taint of effect None keeps nobody away."""
    stage = Stage(world)
    stage.publish(stage.node(), [{"name": "d0", "taints": [{"key": "example.com/info", "effect": "None"}]}])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d0"], "devices")


@behaviour("scheduling/admin-access-shares", "KEP 5018", needs=NEEDS)
def admin_access(world: World) -> None:
    """Admin access gets a device that is in use, and says so in its result."""
    stage = Stage(world)
    labels = {"resource.kubernetes.io/admin-access": "true"}
    world.patch("merge", "namespaces", world.namespace, {"metadata": {"labels": labels}}).expect(200)
    stage.publish(stage.node(), ["d0"])
    stage.scheduled(stage.pod(stage.claim()))
    claim = stage.claim(request(adminAccess=True))
    stage.scheduled(stage.pod(claim))
    same([(r["device"], r["adminAccess"]) for r in stage.results(claim)], [("d0", True)], "results")


@behaviour("scheduling/admin-access-does-not-use-up", "KEP 5018", needs=NEEDS)
def admin_does_not_use_up(world: World) -> None:
    """A device with admin access given is still free for others."""
    stage = Stage(world)
    labels = {"resource.kubernetes.io/admin-access": "true"}
    world.patch("merge", "namespaces", world.namespace, {"metadata": {"labels": labels}}).expect(200)
    stage.publish(stage.node(), ["d0"])
    stage.scheduled(stage.pod(stage.claim(request(adminAccess=True))))
    stage.scheduled(stage.pod(stage.claim()))
