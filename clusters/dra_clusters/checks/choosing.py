"""Which devices the scheduler chooses: selectors, constraints, alternatives, taints (dynamic-resource-allocation/structured)."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.scenario import Scenario, cel, request

ALLOCATOR = UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/structured"
NEEDS = ("api", "scheduler")


@behaviour("scheduling/selector-on-attribute", ALLOCATOR, needs=NEEDS)
def selector_on_attribute(context: CheckContext) -> None:
    """A selector sees attributes below the driver's name."""
    scenario = Scenario(context)
    devices = [{"name": f"d{n}", "attributes": {"model": {"string": m}}} for n, m in enumerate(("a", "b"))]
    scenario.publish(scenario.node(), devices)
    claim = scenario.claim(request(selectors=cel(f'device.attributes["{scenario.driver}"].model == "b"')))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1"], "devices")


@behaviour(
    "scheduling/selector-on-other-domain",
    UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/cel",
    needs=NEEDS,
)
def selector_on_other_domain(context: CheckContext) -> None:
    """Attributes with a domain are below that domain; an unknown domain is an empty map."""
    scenario = Scenario(context)
    devices = [{"name": "d0"}, {"name": "d1", "attributes": {"other.example.com/x": {"int": 3}}}]
    scenario.publish(scenario.node(), devices)
    expression = (
        'has(device.attributes["other.example.com"].x) && device.attributes["other.example.com"].x > 2'
    )
    claim = scenario.claim(request(selectors=cel(expression)))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1"], "devices")


@behaviour("scheduling/selector-on-capacity", ALLOCATOR, needs=NEEDS)
def selector_on_capacity(context: CheckContext) -> None:
    """A selector compares capacities as quantities."""
    scenario = Scenario(context)
    devices = [
        {"name": f"d{n}", "capacity": {"memory": {"value": v}}} for n, v in enumerate(("1Gi", "4096Mi"))
    ]
    scenario.publish(scenario.node(), devices)
    expression = f'device.capacity["{scenario.driver}"].memory.compareTo(quantity("4Gi")) >= 0'
    claim = scenario.claim(request(selectors=cel(expression)))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1"], "devices")


@behaviour("scheduling/selector-on-version", ALLOCATOR, needs=NEEDS)
def selector_on_version(context: CheckContext) -> None:
    """A selector compares versions as semantic versions."""
    scenario = Scenario(context)
    devices = [
        {"name": f"d{n}", "attributes": {"v": {"version": v}}} for n, v in enumerate(("1.9.0", "1.10.0"))
    ]
    scenario.publish(scenario.node(), devices)
    expression = f'device.attributes["{scenario.driver}"].v.isGreaterThan(semver("1.9.5"))'
    claim = scenario.claim(request(selectors=cel(expression)))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1"], "devices")


@behaviour("scheduling/class-selects-too", ALLOCATOR, needs=NEEDS)
def class_selects(context: CheckContext) -> None:
    """A device must match the selectors of the class and of the request."""
    scenario = Scenario(context)
    devices = [
        {"name": f"d{n}", "attributes": {"x": {"int": x}, "y": {"int": y}}}
        for n, (x, y) in enumerate([(1, 0), (0, 1), (1, 1)])
    ]
    scenario.publish(scenario.node(), devices)
    kind = scenario.add_class(
        selectors=cel(
            f'device.driver == "{scenario.driver}" && device.attributes["{scenario.driver}"].x == 1'
        )
    )
    claim = scenario.claim(
        request(kind=kind, selectors=cel(f'device.attributes["{scenario.driver}"].y == 1'))
    )
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d2"], "devices")


@behaviour("scheduling/cel-error-blocks", ALLOCATOR, needs=NEEDS)
def cel_error(context: CheckContext) -> None:
    """An expression that fails at run time, as over a missing attribute, leaves the pod waiting."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(
        scenario.claim(request(selectors=cel(f'device.attributes["{scenario.driver}"].no == 1')))
    )
    scenario.waiting(pod, "no such key: no")


@behaviour("scheduling/match-attribute", ALLOCATOR, needs=NEEDS)
def match_attribute(context: CheckContext) -> None:
    """matchAttribute gives devices of one value, going back on the first choice where that is needed."""
    scenario = Scenario(context)
    devices = [{"name": f"d{n}", "attributes": {"numa": {"int": v}}} for n, v in enumerate((0, 1, 1))]
    scenario.publish(scenario.node(), devices)
    claim = scenario.claim(request(count=2), constraints=[{"matchAttribute": f"{scenario.driver}/numa"}])
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1", "d2"], "devices")


@behaviour("scheduling/match-attribute-of-some-requests", ALLOCATOR, needs=NEEDS)
def match_some(context: CheckContext) -> None:
    """A constraint with requests leaves the others free."""
    scenario = Scenario(context)
    devices = [{"name": f"d{n}", "attributes": {"numa": {"int": v}}} for n, v in enumerate((0, 1, 1))]
    scenario.publish(scenario.node(), devices)
    constraint = {"requests": ["b", "c"], "matchAttribute": f"{scenario.driver}/numa"}
    claim = scenario.claim(request("a"), request("b"), request("c"), constraints=[constraint])
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d0", "d1", "d2"], "devices")


@behaviour("scheduling/match-attribute-must-be-there", ALLOCATOR, needs=NEEDS)
def match_missing(context: CheckContext) -> None:
    """A device without the attribute of a constraint is not taken."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", {"name": "d1", "attributes": {"numa": {"int": 0}}}])
    claim = scenario.claim(constraints=[{"matchAttribute": f"{scenario.driver}/numa"}])
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1"], "devices")


@behaviour("scheduling/distinct-attribute", "KEP 5075", needs=NEEDS, since="1.36")
def distinct_attribute(context: CheckContext) -> None:
    """distinctAttribute gives devices of different values to different requests."""
    scenario = Scenario(context)
    devices = [{"name": f"d{n}", "attributes": {"numa": {"int": v}}} for n, v in enumerate((0, 0, 1))]
    scenario.publish(scenario.node(), devices)
    claim = scenario.claim(
        request("a"), request("b"), constraints=[{"distinctAttribute": f"{scenario.driver}/numa"}]
    )
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d0", "d2"], "devices")


@behaviour("scheduling/goes-back", ALLOCATOR, needs=NEEDS)
def goes_back(context: CheckContext) -> None:
    """An earlier request gets another device if a later one needs the first."""
    scenario = Scenario(context)
    devices = [{"name": f"d{n}", "attributes": {"n": {"int": n}}} for n in range(2)]
    scenario.publish(scenario.node(), devices)
    only_first = request("b", selectors=cel(f'device.attributes["{scenario.driver}"].n == 0'))
    claim = scenario.claim(request("a"), only_first)
    scenario.scheduled(scenario.pod(claim))
    same(
        [(r["request"], r["device"]) for r in scenario.results(claim)], [("a", "d1"), ("b", "d0")], "results"
    )


@behaviour("scheduling/match-attribute-compares-types", ALLOCATOR, needs=NEEDS)
def match_types(context: CheckContext) -> None:
    """Values of different types do not match: the integer 1, the string "1" and true are three values."""
    scenario = Scenario(context)
    values: list[JsonObject] = [{"int": 1}, {"string": "1"}, {"bool": True}]
    devices = [{"name": f"d{n}", "attributes": {"numa": value}} for n, value in enumerate(values)]
    scenario.publish(scenario.node(), devices)
    claim = scenario.claim(request(count=2), constraints=[{"matchAttribute": f"{scenario.driver}/numa"}])
    scenario.waiting(scenario.pod(claim), "cannot allocate all claims")


@behaviour("scheduling/distinct-attribute-is-pairwise", "KEP 5075", needs=NEEDS, since="1.36")
def distinct_pairwise(context: CheckContext) -> None:
    """With two values among three devices, three devices of different values cannot be had."""
    scenario = Scenario(context)
    devices = [{"name": f"d{n}", "attributes": {"numa": {"int": v}}} for n, v in enumerate((0, 1, 0))]
    scenario.publish(scenario.node(), devices)
    distinct = [{"distinctAttribute": f"{scenario.driver}/numa"}]
    scenario.waiting(
        scenario.pod(scenario.claim(request(count=3), constraints=distinct)), "cannot allocate all claims"
    )


@behaviour("scheduling/goes-back-over-claims", ALLOCATOR, needs=NEEDS)
def goes_back_over_claims(context: CheckContext) -> None:
    """The first claim of a pod gets another device if the second claim needs the first one."""
    scenario = Scenario(context)
    devices = [{"name": f"d{n}", "attributes": {"n": {"int": n}}} for n in range(2)]
    scenario.publish(scenario.node(), devices)
    only_first = request(selectors=cel(f'device.attributes["{scenario.driver}"].n == 0'))
    claims = [scenario.claim(), scenario.claim(only_first)]
    scenario.scheduled(scenario.pod(*claims))
    same([scenario.devices(claim) for claim in claims], [["d1"], ["d0"]], "devices of both claims")


@behaviour("scheduling/first-available-takes-the-first", "KEP 4816", needs=NEEDS)
def first_available(context: CheckContext) -> None:
    """The first alternative that can be allocated is taken; the result names request/alternative."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    claim = scenario.claim({"name": "r", "firstAvailable": [{"name": "two", "count": 2}, {"name": "one"}]})
    scenario.scheduled(scenario.pod(claim))
    same([r["request"] for r in scenario.results(claim)], ["r/two", "r/two"], "requests")


@behaviour("scheduling/first-available-falls-back", "KEP 4816", needs=NEEDS)
def falls_back(context: CheckContext) -> None:
    """If the first alternative cannot be allocated, the next one is taken."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim({"name": "r", "firstAvailable": [{"name": "two", "count": 2}, {"name": "one"}]})
    scenario.scheduled(scenario.pod(claim))
    same([r["request"] for r in scenario.results(claim)], ["r/one"], "requests")


@behaviour(
    "scheduling/first-available-prefers-the-better-node", "KEP 4816: scoring", needs=NEEDS, since="1.35"
)
def prefers_the_better_node(context: CheckContext) -> None:
    """A node that can give the first alternative is preferred."""
    scenario = Scenario(context)
    small, big = scenario.node(), scenario.node()
    scenario.publish(small, ["d0"])
    scenario.publish(big, ["d0", "d1"])
    claim = scenario.claim({"name": "r", "firstAvailable": [{"name": "two", "count": 2}, {"name": "one"}]})
    same(scenario.scheduled(scenario.pod(claim)), big, "node")


@behaviour("scheduling/configuration-of-class-and-claim", ALLOCATOR, needs=NEEDS)
def configuration(context: CheckContext) -> None:
    """The allocation carries the class's configuration first, then the claim's, each with its source."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    opaque = [{"opaque": {"driver": scenario.driver, "parameters": {"n": n}}} for n in range(2)]
    kind = scenario.add_class(config=[opaque[0]])
    claim = scenario.claim(request(kind=kind), config=[opaque[1]])
    scenario.scheduled(scenario.pod(claim))
    config = scenario.read("resourceclaims", claim)["status"]["allocation"]["devices"]["config"]
    found = [(c["source"], c["opaque"]["parameters"]["n"]) for c in config]
    same(found, [("FromClass", 0), ("FromClaim", 1)], "configuration")


@behaviour("scheduling/configuration-names-requests", ALLOCATOR, needs=NEEDS)
def configuration_requests(context: CheckContext) -> None:
    """Configuration of a class names the requests of that class; the claim's keeps its list."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    config = [{"requests": ["b"], "opaque": {"driver": scenario.driver, "parameters": {}}}]
    claim = scenario.claim(request("a"), request("b"), config=config)
    scenario.scheduled(scenario.pod(claim))
    found = scenario.read("resourceclaims", claim)["status"]["allocation"]["devices"]["config"]
    same([c["requests"] for c in found], [["b"]], "requests")


@behaviour("scheduling/taint-keeps-away", "KEP 5055", needs=NEEDS, since="1.36")
def taint(context: CheckContext) -> None:
    """A device with a NoSchedule taint is not taken."""
    scenario = Scenario(context)
    taints = [{"key": "example.com/sick", "effect": "NoSchedule"}]
    scenario.publish(scenario.node(), [{"name": "d0", "taints": taints}, "d1"])
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1"], "devices")


@behaviour("scheduling/toleration-takes-it", "KEP 5055", needs=NEEDS, since="1.36")
def toleration(context: CheckContext) -> None:
    """A request that tolerates the taint takes the device, and the result carries the toleration."""
    scenario = Scenario(context)
    taints = [{"key": "example.com/sick", "value": "x", "effect": "NoSchedule"}]
    scenario.publish(scenario.node(), [{"name": "d0", "taints": taints}])
    tolerations = [{"key": "example.com/sick", "operator": "Equal", "value": "x", "effect": "NoSchedule"}]
    claim = scenario.claim(request(tolerations=tolerations))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.results(claim)[0]["tolerations"], tolerations, "tolerations")


@behaviour("scheduling/no-execute-keeps-away", "KEP 5055", needs=NEEDS, since="1.36")
def no_execute(context: CheckContext) -> None:
    """A device with a NoExecute taint is not taken, nor by a request that tolerates NoSchedule only."""
    scenario = Scenario(context)
    taints = [{"key": "example.com/sick", "effect": "NoExecute"}]
    scenario.publish(scenario.node(), [{"name": "d0", "taints": taints}, "d1"])
    other = [{"key": "example.com/sick", "operator": "Exists", "effect": "NoSchedule"}]
    claim = scenario.claim(request(tolerations=other))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1"], "devices")


@behaviour("scheduling/taint-none-is-information", "KEP 5055", needs=NEEDS, since="1.36")
def taint_none(context: CheckContext) -> None:
    """A taint of effect None keeps no pod away."""
    scenario = Scenario(context)
    scenario.publish(
        scenario.node(), [{"name": "d0", "taints": [{"key": "example.com/info", "effect": "None"}]}]
    )
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d0"], "devices")


@behaviour("scheduling/admin-access-shares", "KEP 5018", needs=NEEDS)
def admin_access(context: CheckContext) -> None:
    """Admin access gets a device that is in use, and says so in its result."""
    scenario = Scenario(context)
    labels = {"resource.kubernetes.io/admin-access": "true"}
    context.patch("merge", "namespaces", context.namespace, {"metadata": {"labels": labels}}).expect(200)
    scenario.publish(scenario.node(), ["d0"])
    scenario.scheduled(scenario.pod(scenario.claim()))
    claim = scenario.claim(request(adminAccess=True))
    scenario.scheduled(scenario.pod(claim))
    same([(r["device"], r["adminAccess"]) for r in scenario.results(claim)], [("d0", True)], "results")


@behaviour("scheduling/admin-access-does-not-use-up", "KEP 5018", needs=NEEDS)
def admin_does_not_use_up(context: CheckContext) -> None:
    """A device with admin access given is still free for others."""
    scenario = Scenario(context)
    labels = {"resource.kubernetes.io/admin-access": "true"}
    context.patch("merge", "namespaces", context.namespace, {"metadata": {"labels": labels}}).expect(200)
    scenario.publish(scenario.node(), ["d0"])
    scenario.scheduled(scenario.pod(scenario.claim(request(adminAccess=True))))
    scenario.scheduled(scenario.pod(scenario.claim()))
