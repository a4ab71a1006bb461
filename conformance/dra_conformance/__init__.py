"""Conformance of Kubernetes DRA drivers: the catalogue of requirements, the checks that prove them, and a test harness.

The names in ``__all__`` are the public API, e.g. for a vendor's own pytest checks; every other module is private. They
are imported on first use, so that importing one module of this package does not import pytest, gRPC or a cluster.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dra_conformance.catalogue import Requirement, load_catalogue
    from dra_conformance.catalogue.marks import requirement
    from dra_conformance.drivers.descriptor import Descriptor, load_descriptor
    from dra_conformance.errors import HarnessError, SuiteError, UsageError
    from dra_conformance.expectations import (
        NotApplicable,
        Violation,
        each,
        expect,
        expect_soon,
        not_applicable,
    )
    from dra_conformance.harness.factory import Environment, HarnessFactory
    from dra_conformance.harness.harness import Claim, Harness

__all__ = [
    "Claim",
    "Descriptor",
    "Environment",
    "Harness",
    "HarnessError",
    "HarnessFactory",
    "NotApplicable",
    "Requirement",
    "SuiteError",
    "UsageError",
    "Violation",
    "each",
    "expect",
    "expect_soon",
    "load_catalogue",
    "load_descriptor",
    "not_applicable",
    "requirement",
]

_MODULES = {
    "Claim": "dra_conformance.harness.harness",
    "Descriptor": "dra_conformance.drivers.descriptor",
    "Environment": "dra_conformance.harness.factory",
    "Harness": "dra_conformance.harness.harness",
    "HarnessError": "dra_conformance.errors",
    "HarnessFactory": "dra_conformance.harness.factory",
    "NotApplicable": "dra_conformance.expectations",
    "Requirement": "dra_conformance.catalogue",
    "SuiteError": "dra_conformance.errors",
    "UsageError": "dra_conformance.errors",
    "Violation": "dra_conformance.expectations",
    "each": "dra_conformance.expectations",
    "expect": "dra_conformance.expectations",
    "expect_soon": "dra_conformance.expectations",
    "load_catalogue": "dra_conformance.catalogue",
    "load_descriptor": "dra_conformance.drivers.descriptor",
    "not_applicable": "dra_conformance.expectations",
    "requirement": "dra_conformance.catalogue.marks",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_MODULES[name]), name)
