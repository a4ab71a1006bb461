"""What proves the requirements on the API server."""

from dra_conformance.rules.clusters.proof import Proof

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
        "API-008",
        "a node that was broken into rewrites the devices of all",
        (
            "access/node-creates-its-own-slices",
            "access/node-lists-its-own-slices",
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
            "watching/slices-by-node",
        ),
    ),
    Proof(
        "API-010",
        "a selector that cannot be evaluated stops the scheduling of its pod",
        (
            "claims/cel-message",
            "claims/class-selector-compiles",
            "claims/selector-compiles",
            "claims/selector-cost",
            "claims/selector-is-bool",
            "claims/selector-length",
        ),
    ),
    Proof(
        "API-011",
        "tolerationSeconds has no beginning, so pods are evicted at once or never",
        (
            "device-taints/rule-gets-a-time",
            "slices/taint-gets-a-time",
        ),
    ),
    Proof("API-012", "one namespace takes all devices", ("quotas/*",)),
    Proof("API-013", "a device is given away while a pod uses it", ("controllers/claim-in-use-waits",)),
)
