"""What proves the requirements on the kubelet."""

from dra_conformance.rules.clusters.proof import Proof

PROOFS = (
    Proof("KUB-001", "drivers are not found after a restart of the node", ("kubelet/waits-for-the-driver",)),
    Proof(
        "KUB-002",
        "a driver does not learn why it is not used",
        ("kubelet/refuses-no-versions", "kubelet/refuses-unknown-types", "kubelet/registers"),
    ),
    Proof(
        "KUB-003", "a driver that starts slowly is never registered", ("kubelet/failing-info-is-asked-again",)
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
            "kubelet/call-ends-with-the-registration",
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
        "KUB-012", "a pod uses devices that were given to another one", ("kubelet/claim-must-be-reserved",)
    ),
    Proof(
        "KUB-015",
        "a container sees devices that are not meant for it",
        ("kubelet/container-gets-its-request", "kubelet/container-without-claim-gets-nothing"),
    ),
    Proof("KUB-014", "a driver that hangs holds its pods forever", ("kubelet/calls-have-a-deadline",)),
    Proof(
        "KUB-016",
        "devices are reset while containers use them, or never",
        (
            "kubelet/unprepare-error-keeps-the-pod",
            "kubelet/unprepares-what-never-succeeded",
            "kubelet/unprepares-when-the-pod-goes",
        ),
    ),
    Proof(
        "KUB-018",
        "the devices of an old claim are given to the new one, or never released",
        ("kubelet/same-name-waits-for-unprepare",),
    ),
    Proof(
        "KUB-025",
        "a driver that has nothing to do on the node must be installed there",
        ("kubelet/skips-operations",),
    ),
    Proof(
        "KUB-022",
        "users see a pod that fails, and not that its device is broken",
        ("kubelet/health-reaches-the-pod",),
    ),
    Proof(
        "KUB-023",
        "a device counts as healthy though nobody looks at it any more",
        ("kubelet/health-becomes-unknown", "kubelet/health-has-a-timeout"),
    ),
    Proof(
        "KUB-024",
        "a driver reports twice, and the older report wins",
        ("kubelet/health-in-one-version",),
    ),
)
