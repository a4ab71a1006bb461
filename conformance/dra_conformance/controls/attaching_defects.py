"""Defects of devices that are attached before a pod is bound."""

from dra_conformance.controls.defect import Defect

ATTACHING = (
    Defect("lone-conditions", ("BIND-001",), "publishes binding conditions without failure conditions"),
    Defect("never-attaches", ("BIND-002", "BIND-003"), "says nothing of devices that claims got"),
    Defect("hides-detached", ("BIND-004",), "says nothing of a device that cannot be attached"),
    Defect("attaches-once", ("BIND-005",), "attaches the first device of a claim only"),
    Defect("trusts-scheduler", ("BIND-007",), "prepares a device that is not attached"),
    Defect("forgets-attaching", ("BIND-008",), "looks only at claims that come while it runs"),
)
