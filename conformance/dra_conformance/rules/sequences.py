"""Pure: the requirements that sequences of calls are judged by, and why each matters."""

REASONS = {
    "PREP-006": "a pod runs with devices that it was not given",
    "PREP-012": "a call that comes late prepares what nobody will unprepare",
    "PREP-014": "two pods use one device, and neither knows of the other",
    "IDEM-001": "a repeated call changes what a running pod was given",
    "IDEM-006": "pods that run while the driver is updated lose their devices",
    "CDI-002": "the runtime refuses to start the container",
    "CDI-018": "a container that is restarted does not find its devices",
    "UNPR-002": "a pod whose preparation never began stays in Terminating",
    "UNPR-003": "a pod whose claim was deleted stays in Terminating",
    "UNPR-005": "what is left of a claim fills the node, or gives a device to whom it does not belong",
    "UNPR-006": "the end of one pod takes the devices of another",
    "UNPR-010": "after an update pods stay in Terminating",
    "UNPR-011": "a pod that is admitted again cannot start",
    "UNPR-012": "a device that is free cannot be used",
    "REC-007": "containers that are restarted after the driver do not find their devices",
    "REC-012": "the node needs an administrator after a crash",
    "POOL-001": "the scheduler ignores a pool that is not complete",
}
"""{requirement: why it matters}."""
