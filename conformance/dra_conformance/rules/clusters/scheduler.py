"""What proves the requirements on the scheduler."""

from dra_conformance.rules.clusters.proof import Proof

PROOFS = (
    Proof(
        "SCH-001",
        "pods start on nodes that cannot give them their devices",
        (
            "scheduling/reserves-before-binding",
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
        (
            "pooling/deleted-claim-is-not-used",
            "pooling/claim-of-another-pod-is-not-used",
            "pooling/claim-must-exist",
            "pooling/no-attempt-without-claim",
        ),
    ),
    Proof(
        "SCH-003",
        "devices are given away that the driver no longer has",
        (
            "pooling/newest-generation-must-be-complete",
            "pooling/incomplete-pool-is-not-used",
            "pooling/old-generation-is-ignored",
        ),
    ),
    Proof(
        "SCH-004",
        "one device is given to two claims under one name",
        (
            "pooling/invalid-pool-beside-a-valid-one",
            "pooling/counter-set-must-exist",
            "pooling/doubled-names-make-it-invalid",
        ),
    ),
    Proof(
        "SCH-005",
        "a claim gets more or fewer devices than it asks for",
        (
            "scheduling/mode-all-needs-complete-pools",
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
            "scheduling/list-attributes-intersect",
            "scheduling/match-attribute-compares-types",
            "scheduling/match-attribute",
            "scheduling/match-attribute-must-be-there",
            "scheduling/match-attribute-of-some-requests",
        ),
    ),
    Proof(
        "SCH-007",
        "redundant devices share their point of failure",
        ("scheduling/distinct-attribute", "scheduling/distinct-attribute-is-pairwise"),
    ),
    Proof(
        "SCH-008",
        "pods wait although their devices are free",
        ("scheduling/goes-back", "scheduling/goes-back-over-claims"),
    ),
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
            "scheduling/no-execute-keeps-away",
            "device-taints/rule-keeps-away",
            "pooling/untainted-devices-wake",
            "scheduling/taint-keeps-away",
            "scheduling/taint-none-is-information",
            "scheduling/toleration-takes-it",
        ),
    ),
    Proof(
        "SCH-015",
        "a pod starts before its device is attached",
        (
            "pooling/failed-binding-frees-the-device",
            "pooling/binding-conditions-delay",
        ),
    ),
    Proof(
        "SCH-016",
        "pods that ask for example.com/gpu never start on nodes with a DRA driver",
        (
            "pooling/extended-resource-of-a-device-plugin",
            "pooling/extended-resource",
        ),
    ),
    Proof("SCH-018", "two containers use one device", ("scheduling/no-device-twice",)),
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
        "SCH-021",
        "a partition and a virtual GPU are made of one chip, which it cannot",
        ("pooling/compatibility-groups",),
    ),
    Proof(
        "SCH-023",
        "devices of two drivers cannot be had under one root",
        ("scheduling/derived-attributes",),
    ),
)
