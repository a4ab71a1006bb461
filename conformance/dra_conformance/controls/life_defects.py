"""Defects that show over the life of claims and processes: failed cleanups, kills, outages, updates, lost descriptors."""

from dra_conformance.controls.defect import Defect

NVIDIA = "kubernetes-sigs/dra-driver-nvidia-gpu"

LIFE = (
    Defect(
        "cleanup-fails-batch", ("UNPR-007",), "one CDI file that cannot be removed fails the whole unprepare"
    ),
    Defect(
        "forgets-first",
        ("UNPR-008",),
        "forgets a claim before its CDI file is removed, so a retry succeeds and leaves the file",
        seen=f"{NVIDIA}#505",
    ),
    Defect(
        "waits-for-server",
        ("PREP-032",),
        "waits for the API server while it holds the lock, whatever the deadline of the call",
    ),
    Defect(
        "names-other-claims",
        ("SEC-011",),
        "an error has the name and parameters of another namespace's claim",
    ),
    Defect("resets-on-repeat", ("IDEM-002",), "a repeated prepare changes the devices"),
    Defect(
        "stuck-after-deadline",
        ("CONC-008",),
        "a claim whose call ran into its deadline stays locked",
    ),
    Defect(
        "torn-state",
        ("CONC-006", "REC-005"),
        "writes its state in place and in pieces",
        seen=f"{NVIDIA}#1259",
    ),
    Defect(
        "deaf",
        ("REC-016",),
        "stops serving when it has no descriptors left, and lives on",
        seen="GoogleCloudPlatform/container-engine-accelerators#412, kubernetes/kubernetes#125506",
    ),
    Defect("expires-state", ("REC-018",), "takes state that is older than an hour for stale"),
    Defect(
        "dumps-inventory", ("OBS-007",), "logs its whole inventory a hundred times for every failed write"
    ),
    Defect(
        "registers-once",
        ("REG-034",),
        "takes down its registration socket when a kubelet comes again",
        seen="kubevirt/device-plugin-manager#32",
    ),
    Defect(
        "journal-revives",
        ("UNPR-005",),
        "writes the files of claims again that it unprepared before its last start",
    ),
    Defect("stops-at-unknown", ("UNPR-005",), "an unprepare ends at the first claim that is not prepared"),
    Defect("forgets-owners", ("PREP-014",), "after a start it does not know whose a device is"),
    Defect("rewrites-all", ("CDI-028",), "writes the CDI files of all claims again at each prepare"),
)
