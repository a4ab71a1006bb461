"""Defects that show when devices come and go, in parameters, with many claims, and in updates."""

from dra_conformance.controls.defect import Defect

NVIDIA = "kubernetes-sigs/dra-driver-nvidia-gpu"

DEVICES = (
    Defect("keeps-vanished", ("DIS-014",), "goes on offering a device that is gone"),
    Defect("caches-attributes", ("NODE-006",), "publishes attributes as they were at the start"),
    Defect(
        "static-nodes", ("CDI-024",), "a static CDI file goes on listing the node of a device that is gone"
    ),
    Defect("keeps-when-empty", ("POOL-011",), "leaves its slices as they are when it finds no device"),
    Defect("empty-is-nothing", ("DIS-001",), "publishes no slice when it finds no device"),
    Defect("dies-silently", ("NODE-007",), "ends without a word when it finds no device"),
    Defect("offers-uncounted", ("MV-012",), "goes on offering partitions whose counters the server dropped"),
    Defect("many-list-items", ("RSL-017",), "publishes a device with 53 attribute values"),
    Defect("needs-lists", ("RSL-018",), "publishes nothing where list attributes are not known"),
    Defect("lenient-parameters", ("CFG-008",), "ignores misspelt members of its parameters"),
    Defect("forgets-old-parameters", ("CFG-009",), "does not read parameters of its older version"),
    Defect("trusts-parameters", ("CFG-010",), "mounts what a parameter says"),
    Defect("users-get-gold", ("CFG-013",), "takes an administrator's parameter from a claim"),
    Defect("sixteen-results", ("SCL-002",), "prepares the first 16 results of a claim"),
    Defect("leaks-memory", ("SCL-004",), "keeps 256 KiB of each prepare for ever"),
    Defect("slows-down", ("SCL-008",), "each prepare takes longer than the one before"),
    Defect("slow-restore", ("SCL-005",), "needs 0.6 s for each prepared claim when it starts"),
    Defect(
        "own-claims-only",
        ("SHUT-007",),
        "unprepares only what the same process prepared",
        seen=f"{NVIDIA}#394",
    ),
    Defect(
        "forgets-old-state",
        ("UPG-010",),
        "does not read the state of the version before",
        seen=f"{NVIDIA}#1326",
    ),
    Defect(
        "loses-new-state",
        ("UPG-011",),
        "the version before forgets what this one prepared",
        seen=f"{NVIDIA}#507",
    ),
    Defect("rewrites-at-start", ("UPG-012",), "removes all CDI files when it starts, and writes them again"),
    Defect("renames-on-update", ("UPG-013",), "names devices otherwise than the version before"),
    Defect("hangs-at-stop", ("UPG-017",), "lets calls hang while it stops"),
    Defect("needs-v1", ("MV-005",), "speaks v1 of the API only"),
    Defect(
        "new-shape", ("MV-006", "MV-005"), "sends devices as v1 has them to an API server that has v1beta1"
    ),
    Defect("reuses-names", ("DIS-003",), "gives other hardware the name of what it replaced"),
    Defect("restless-health", ("UPG-018",), "a second instance calls every device unknown"),
    Defect("blind-probe", ("OBS-001",), "its liveness probe asks one of its two sockets"),
    Defect(
        "guesses-sockets",
        ("OBS-002",),
        "its liveness probe shortens the name of its socket",
        seen="kubernetes-sigs/dra-example-driver health.go",
    ),
    Defect("no-durations", ("OBS-005",), "has metrics, and none about claims"),
    Defect("webhook-knows-v1", ("CFG-012",), "its webhook refuses claims of older versions"),
    Defect("webhook-judges-others", ("CFG-012",), "its webhook refuses parameters of other drivers"),
    Defect("nameless", ("OBS-008",), "does not say its version"),
)
