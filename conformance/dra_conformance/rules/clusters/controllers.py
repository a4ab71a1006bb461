"""What proves the requirements on the controllers."""

from dra_conformance.rules.clusters.proof import Proof

PROOFS = (
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
        (
            "controllers/done-pod-loses-its-generated-claim",
            "controllers/generated-claim-goes-with-its-pod",
        ),
    ),
    Proof(
        "CTL-004",
        "pods go on with a device that is broken",
        (
            "device-taints/rule-evicts",
            "device-taints/tolerated-for-a-time",
            "controllers/taint-evicts",
            "controllers/toleration-prevents-eviction",
        ),
    ),
    Proof(
        "CTL-005",
        "nobody sees how many pods a rule evicts before it is too late",
        (
            "device-taints/rule-of-other-effect",
            "device-taints/rule-without-effect-counts",
        ),
    ),
)
