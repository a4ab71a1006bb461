"""Which behaviours of a cluster prove which requirement.

``dra_clusters.checks`` has the list of what a cluster does, each behaviour with its upstream source. Where a requirement
on the cluster is such behaviours, the suite runs them instead of looking a second time. A pattern (``slices/*``) means
the behaviours that no other requirement names; so each behaviour is run once and has one verdict.
"""

import fnmatch
from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """A requirement with the behaviours that prove it.

    Attributes:
        why: what happens to users if the cluster does not do so.
    """

    requirement: str
    why: str
    behaviours: tuple[str, ...]


PROOFS = (
    Proof(
        "API-001",
        "a client that speaks another served version reads objects that were never written",
        ("discovery/resource-k8s-io", "conversion/*"),
    ),
    Proof(
        "API-002",
        "drivers and users get objects stored that the scheduler or the kubelet cannot use",
        ("slices/*", "claims/*"),
    ),
    Proof(
        "API-003",
        "a driver believes to have published what the cluster does not know",
        ("slices/list-attributes-are-dropped", "slices/taints-are-dropped-before-1.36"),
    ),
    Proof(
        "API-004",
        "devices change hands while a container uses them",
        (
            "claims/spec-is-immutable",
            "statuses/256-reservations",
            "statuses/allocation-can-be-cleared",
            "statuses/allocation-is-immutable",
            "statuses/no-reservation-while-deleting",
            "statuses/reservation-needs-allocation",
            "statuses/reserved-cannot-be-deallocated",
        ),
    ),
    Proof(
        "API-005",
        "a pod reads the network address of a device that another claim has",
        (
            "statuses/devices-are-dropped-on-deallocation",
            "statuses/devices-hold-conditions-and-network",
            "statuses/devices-need-allocation",
        ),
    ),
    Proof(
        "API-006",
        "any user gets the devices of others",
        (
            "claims/admin-access-with-label",
            "claims/no-admin-without-label",
            "controllers/admin-template-needs-the-label",
        ),
    ),
    Proof(
        "API-007",
        "the driver of one node rewrites the claims of all",
        (
            "access/status-binding-allows",
            "access/status-binding-is-granular",
            "access/status-devices-are-granular",
            "access/status-refusals-come-together",
        ),
    ),
    Proof(
        "API-009",
        "every node plugin reads and watches the slices of all nodes",
        (
            "listing/slices-by-node-and-driver",
            "listing/slices-by-pool",
            "listing/slices-by-pool-is-refused",
            "listing/slices-deletecollection-by-field",
        ),
    ),
    Proof(
        "API-010",
        "a selector that cannot be evaluated stops the scheduling of its pod",
        (
            "claims/cel-message",
            "claims/class-selector-compiles",
            "claims/selector-compiles",
            "claims/selector-is-bool",
            "claims/selector-length",
        ),
    ),
    Proof(
        "API-011",
        "tolerationSeconds has no beginning, so pods are evicted at once or never",
        ("slices/taint-gets-a-time",),
    ),
    Proof("API-012", "one namespace takes all devices", ("quotas/*",)),
    Proof("API-013", "a device is given away while a pod uses it", ("controllers/claim-in-use-waits",)),
    Proof(
        "SCH-001",
        "pods start on nodes that cannot give them their devices",
        (
            "scheduling/allocates",
            "scheduling/goes-where-devices-are",
            "scheduling/reserves-for-the-pod",
            "scheduling/two-claims-of-a-pod",
            "scheduling/waits-without-devices",
        ),
    ),
    Proof(
        "SCH-002",
        "a pod runs with a claim that is not its own",
        ("pooling/claim-must-exist", "pooling/no-attempt-without-claim"),
    ),
    Proof(
        "SCH-003",
        "devices are given away that the driver no longer has",
        ("pooling/incomplete-pool-is-not-used", "pooling/old-generation-is-ignored"),
    ),
    Proof(
        "SCH-004",
        "one device is given to two claims under one name",
        ("pooling/counter-set-must-exist", "pooling/doubled-names-make-it-invalid"),
    ),
    Proof(
        "SCH-005",
        "a claim gets more or fewer devices than it asks for",
        (
            "scheduling/count",
            "scheduling/mode-all",
            "scheduling/mode-all-needs-all-free",
            "scheduling/mode-all-needs-one",
        ),
    ),
    Proof(
        "SCH-006",
        "devices that must be neighbours are far apart",
        (
            "scheduling/match-attribute",
            "scheduling/match-attribute-must-be-there",
            "scheduling/match-attribute-of-some-requests",
        ),
    ),
    Proof("SCH-007", "redundant devices share their point of failure", ("scheduling/distinct-attribute",)),
    Proof("SCH-008", "pods wait although their devices are free", ("scheduling/goes-back",)),
    Proof(
        "SCH-009",
        "a mistake in a selector silently chooses other devices",
        ("scheduling/cel-error-blocks",),
    ),
    Proof(
        "SCH-010",
        "users get the alternative that they want least",
        (
            "scheduling/first-available-falls-back",
            "scheduling/first-available-prefers-the-better-node",
            "scheduling/first-available-takes-the-first",
        ),
    ),
    Proof(
        "SCH-011",
        "monitoring takes devices away from those that work with them",
        ("scheduling/admin-access-does-not-use-up", "scheduling/admin-access-shares"),
    ),
    Proof(
        "SCH-012",
        "partitions overlap on one chip",
        ("pooling/counters-limit", "pooling/counters-share"),
    ),
    Proof(
        "SCH-013",
        "more is promised than the device has",
        (
            "pooling/policy-default",
            "pooling/policy-rounds-up",
            "pooling/shared-default-is-all",
            "pooling/shared-device",
            "pooling/shared-device-is-full",
        ),
    ),
    Proof(
        "SCH-014",
        "pods get devices that are known to be broken",
        (
            "pooling/untainted-devices-wake",
            "scheduling/taint-keeps-away",
            "scheduling/taint-none-is-information",
            "scheduling/toleration-takes-it",
        ),
    ),
    Proof(
        "SCH-015",
        "a pod starts before its device is attached",
        ("pooling/binding-conditions-delay",),
    ),
    Proof(
        "SCH-016",
        "pods that ask for example.com/gpu never start on nodes with a DRA driver",
        ("pooling/extended-resource",),
    ),
    Proof(
        "SCH-019",
        "the driver reads another configuration than the one that was asked for",
        ("scheduling/configuration-names-requests", "scheduling/configuration-of-class-and-claim"),
    ),
    Proof(
        "SCH-020",
        "a second pod of the claim lands where the device is not",
        (
            "pooling/all-nodes",
            "pooling/node-selector",
            "pooling/per-device-nodes",
            "pooling/reserved-pods-keep-their-claim",
            "scheduling/allocation-binds-to-the-node",
            "scheduling/claim-shared-by-pods",
        ),
    ),
    Proof(
        "CTL-001",
        "pods with templates wait forever, or share a device",
        (
            "controllers/claim-from-template",
            "controllers/each-pod-has-its-claim",
            "controllers/long-names-are-cut",
            "controllers/missing-template-is-an-event",
            "controllers/template-that-comes-later",
            "controllers/two-entries-two-claims",
        ),
    ),
    Proof(
        "CTL-002",
        "devices stay occupied by pods that are gone",
        (
            "controllers/finished-pod-frees-its-claim",
            "controllers/own-claim-stays",
            "controllers/reservation-of-nobody-goes",
            "controllers/shared-claim-is-kept-for-the-others",
        ),
    ),
    Proof(
        "CTL-003",
        "claims of finished pods pile up and hold their devices",
        ("controllers/generated-claim-goes-with-its-pod",),
    ),
    Proof(
        "CTL-004",
        "pods go on with a device that is broken",
        ("controllers/taint-evicts", "controllers/toleration-prevents-eviction"),
    ),
    Proof("KUB-001", "drivers are not found after a restart of the node", ("kubelet/waits-for-the-driver",)),
    Proof(
        "KUB-002",
        "a driver does not learn why it is not used",
        ("kubelet/refuses-no-versions", "kubelet/refuses-unknown-types", "kubelet/registers"),
    ),
    Proof(
        "KUB-004",
        "a driver that was updated is never called again",
        ("kubelet/restarted-driver-is-registered-again",),
    ),
    Proof(
        "KUB-005",
        "a driver is called through a version that it does not want",
        ("kubelet/takes-the-first-known-version",),
    ),
    Proof(
        "KUB-006",
        "a driver is called that nobody understands",
        ("kubelet/refuses-unknown-versions",),
    ),
    Proof(
        "KUB-007",
        "a rolling update of a driver interrupts the node",
        ("kubelet/newest-instance-serves", "kubelet/older-instance-takes-over"),
    ),
    Proof(
        "KUB-008",
        "containers start without their devices",
        (
            "kubelet/error-of-a-claim-is-an-event",
            "kubelet/failing-call-is-repeated",
            "kubelet/foreign-entry-is-an-error",
            "kubelet/missing-entry-is-an-error",
            "kubelet/prepares-before-running",
        ),
    ),
    Proof(
        "KUB-009",
        "drivers that place devices together see them one by one",
        ("kubelet/one-call-for-all-claims",),
    ),
    Proof("KUB-010", "a pod starts with half of its devices", ("kubelet/two-drivers-of-a-pod",)),
    Proof(
        "KUB-011",
        "a device is reset under the second pod of a claim",
        ("kubelet/shared-claim-is-prepared-once", "kubelet/unprepares-after-the-last-pod"),
    ),
    Proof(
        "KUB-015",
        "a container sees devices that are not meant for it",
        ("kubelet/container-gets-its-request", "kubelet/container-without-claim-gets-nothing"),
    ),
    Proof(
        "KUB-016",
        "devices are reset while containers use them, or never",
        (
            "kubelet/unprepare-error-keeps-the-pod",
            "kubelet/unprepares-what-never-succeeded",
            "kubelet/unprepares-when-the-pod-goes",
        ),
    ),
)


def behaviours_of(proof: Proof, listed: Collection[str]) -> Iterator[str]:
    """The ids of PROOF's behaviours out of all that are LISTED; what another proof names is not part of a pattern."""
    named = {name for each in PROOFS for name in each.behaviours if "*" not in name}
    for pattern in proof.behaviours:
        if "*" not in pattern:
            yield pattern
        else:
            yield from (name for name in listed if fnmatch.fnmatchcase(name, pattern) and name not in named)
