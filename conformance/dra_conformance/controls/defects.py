"""The defects that the control driver can have, and the requirements that each of them breaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to be wrong.

    Attributes:
        violates: the requirements of which at least one check must fail, and every one must be broken.
    """

    name: str
    violates: tuple[str, ...]
    what: str


DEFECTS = {
    defect.name: defect
    for defect in (
        Defect("never-registers", ("REG-001",), "makes no registration socket"),
        Defect("hangs-in-info", ("REG-015",), "never answers GetInfo"),
        Defect("hangs-in-notify", ("REG-017",), "never answers NotifyRegistrationStatus"),
        Defect("hangs-in-prepare", ("PREP-001", "PREP-006"), "never answers NodePrepareResources"),
        Defect("hangs-in-unprepare", ("UNPR-001", "UNPR-015"), "never answers NodeUnprepareResources"),
        Defect("ignores-sigterm", ("SHUT-001",), "goes on after SIGTERM"),
        Defect("garbage-endpoint", ("REG-012",), "GetInfo names an endpoint that is no path"),
        Defect("garbage-devices", ("PREP-006",), "answers with devices without names"),
        Defect("garbage-cdi", ("CDI-002",), "writes CDI files that are JSON, and no CDI documents"),
        Defect("many-devices", ("RSL-001", "RSL-009"), "publishes 129 devices in one slice"),
        Defect("long-attribute", ("RSL-001", "RSL-014"), "publishes a text of 65 bytes"),
        Defect("many-attributes", ("RSL-001", "RSL-012"), "publishes devices with 33 attributes"),
        Defect("wrong-node", ("RSL-003",), "publishes its devices for another node"),
        Defect("wrong-type", ("REG-003",), "GetInfo says CSIPlugin"),
        Defect("full-names", ("REG-011", "REG-007"), "supported_versions has protobuf names"),
        Defect("phantom-service", ("REG-009",), "lists a health service that it does not serve"),
        Defect("other-name", ("REG-006",), "GetInfo has another name than the slices"),
        Defect("one-socket", ("UPG-001",), "uses the same sockets for every instance"),
        Defect(
            "clears-registry",
            ("UPG-002", "UPG-007", "UPG-016"),
            "removes every socket in the registry when it starts",
        ),
        Defect("late-services", ("REG-014",), "the registration socket appears before the DRA socket"),
        Defect("slow-info", ("REG-015",), "GetInfo takes longer than a second"),
        Defect("dies-when-refused", ("REG-018",), "exits with 0 when the kubelet refuses it"),
        Defect("keeps-sockets", ("REG-023", "SHUT-002"), "leaves its sockets behind at SIGTERM"),
        Defect("deletes-slices", ("SHUT-003", "UPG-003", "UPG-006"), "deletes its slices at SIGTERM"),
        Defect("wrong-count", ("POOL-001",), "says two slices and publishes one"),
        Defect("explicit-false", ("RSL-001", "RSL-019"), "publishes allNodes: false"),
        Defect(
            "not-republished",
            ("RSL-025", "RSL-026", "RSL-035", "REC-010", "CONC-009"),
            "does not notice that its slice was deleted",
        ),
        Defect("not-repaired", ("RSL-027", "RSL-033"), "does not notice that its slice was edited"),
        Defect("chatty", ("RSL-028", "UPG-005"), "writes its slice all the time"),
        Defect("retry-storm", ("RSL-034",), "repeats refused writes without a pause"),
        Defect("foreign-slices", ("RSL-031",), "deletes the slices of other nodes"),
        Defect("reads-all", ("RSL-032",), "lists slices without a field selector"),
        Defect("stays-stray", ("RSL-030",), "leaves slices of pools that it does not have"),
        Defect("reserved-name", ("DIS-008",), "publishes an invented attribute in Kubernetes' domain"),
        Defect(
            "shuffles-devices", ("RSL-038",), "publishes its devices in an order that depends on the start"
        ),
        Defect("renames-devices", ("DIS-002",), "device names depend on the start"),
        Defect("missing-entry", ("PREP-001",), "answers for the first claim of a batch only"),
        Defect("short-batches", ("SCL-001", "SCL-003"), "answers for the first 32 claims of a batch only"),
        Defect("keyed-by-name", ("PREP-003",), "answers by claim name"),
        Defect("fails-batch", ("PREP-004",), "one bad claim fails the call"),
        Defect("write-fails-batch", ("PREP-004",), "one CDI file that cannot be written fails the call"),
        Defect(
            "records-first",
            ("CDI-027", "REC-011"),
            "records a claim before its CDI file is written, so a retry succeeds without a file",
        ),
        Defect("subrequest-names", ("PREP-008",), "returns request names with the subrequest"),
        Defect("all-requests", ("PREP-009",), "returns every request for every device"),
        Defect("ignores-uid", ("PREP-010",), "does not compare UIDs"),
        Defect("skips-unknown", ("PREP-013",), "leaves out devices that it does not know"),
        Defect("shares-devices", ("PREP-014",), "gives a device to two claims"),
        Defect("writes-status", ("PREP-027",), "drops status.reservedFor while preparing"),
        Defect("new-ids", ("IDEM-001",), "returns other CDI ids for each call"),
        Defect("trusts-state", ("IDEM-003",), "does not write CDI files again"),
        Defect("unknown-is-error", ("UNPR-002", "IDEM-004"), "fails to unprepare what is not prepared"),
        Defect("needs-claim", ("UNPR-003",), "reads the claim to unprepare it"),
        Defect(
            "leaves-cdi",
            (
                "UNPR-005",
                "CDI-017",
                "UNPR-003",
                "UNPR-004",
                "UNPR-010",
                "UNPR-013",
                "MV-003",
                "CONC-003",
                "ADM-007",
            ),
            "does not remove CDI files",
        ),
        Defect("never-collects", ("UNPR-018",), "does not clean up claims that are gone"),
        Defect("keeps-temporary", ("REC-006",), "leaves half-written files where they are"),
        Defect("state-trap", ("REC-004",), "refuses every claim after its state broke, and does not say why"),
        Defect("reuses-ids", ("CDI-014",), "names CDI devices after devices"),
        Defect("ids-by-name", ("PREP-025", "SEC-012"), "names CDI devices after claims"),
        Defect("by-name", ("UNPR-014",), "unprepares by namespace and name"),
        Defect(
            "forgets",
            ("REC-007", "IDEM-006", "UPG-004", "UPG-014", "CONC-007"),
            "keeps its state in memory only",
        ),
        Defect("future-version", ("CDI-004",), "writes cdiVersion 9.0.0"),
        Defect("unknown-field", ("CDI-006",), "writes a member that CDI does not have"),
        Defect("empty-edits", ("CDI-008",), "writes devices without edits"),
        Defect("one-variable", ("CDI-019",), "sets one variable to different values"),
        Defect("claim-wide-edits", ("CDI-020",), "gives all devices of a claim to every container of it"),
        Defect("world-writable", ("CDI-026",), "writes files that everybody can change"),
        Defect("write-in-place", ("CDI-016",), "writes CDI files in pieces under their final name"),
        Defect("hides-disk-errors", ("CDI-027", "REC-011"), "ignores failed writes"),
        Defect("v1beta1-differs", ("MV-002",), "returns other request names through v1beta1"),
        Defect("fights-server", ("MV-010",), "writes again and again what the API server drops"),
        Defect("silent-drops", ("MV-011",), "does not log what the API server dropped"),
        Defect("foreign-configs", ("CFG-001",), "refuses claims with another driver's parameters"),
        Defect("config-needs-names", ("CFG-002",), "ignores parameters without requests"),
        Defect("config-for-all", ("CFG-003", "CFG-005"), "applies parameters to every request"),
        Defect("last-config-wins", ("CFG-003",), "applies the last of several parameters to all devices"),
        Defect("class-wins", ("CFG-006",), "applies the parameters of the class after those of the claim"),
        Defect("ignores-class", ("CFG-006",), "ignores the parameters of the class"),
        Defect("config-by-text", ("CFG-004",), "does not apply a request's parameters to its subrequests"),
        Defect("config-by-main", ("CFG-005",), "applies a subrequest's parameters to every subrequest"),
        Defect("admin-by-claim", ("ADM-003",), "gives admin access to all devices of a claim"),
        Defect("admin-conflicts", ("ADM-001", "ADM-005"), "refuses admin access to a device in use"),
        Defect("admin-by-spec", ("ADM-004",), "gives admin access to claims that ask for it"),
        Defect("exact-requests", ("PRIO-001", "PRIO-002"), "refuses claims whose requests have alternatives"),
        Defect("takes-alternatives", ("PRIO-003",), "does not look at the driver of a result"),
        Defect("shows-subrequests", ("PRIO-004",), "names the subrequest in the container's variables"),
        Defect("last-part-names", ("PRIO-005",), "returns the last part of request names"),
        Defect("refuses-special", ("EXT-001", "EXT-002"), "refuses claims that are of no entry of a pod"),
        Defect("short-names", ("EXT-003",), "returns request names without the container"),
        Defect("needs-parameters", ("EXT-005",), "refuses claims without parameters"),
        Defect("silent", ("OBS-003",), "does not log what it prepares"),
        Defect("hides-failures", ("OBS-006", "RSL-036"), "does not log that publishing fails"),
        Defect("open-sockets", ("SEC-009",), "lets every user connect"),
        Defect("reads-secrets", ("SEC-001",), "reads all secrets"),
        Defect("one-pool", ("RSL-006",), "publishes one pool for all nodes"),
        Defect("one-name", ("RSL-024",), "has one name for its slice on every node"),
        Defect("old-owner", ("NODE-004",), "reads the Node object once only"),
        Defect("ignores-config", ("CFG-007",), "ignores opaque parameters"),
    )
}
