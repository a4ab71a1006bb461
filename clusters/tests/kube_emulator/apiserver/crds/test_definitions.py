"""What the server answers to a CustomResourceDefinition that breaks a rule: each cause once, whichever module found it."""

from typing import Any

import pytest
from refusals.case import GONE, changed
from refusals.core_bases import DEFINITION

from kube_emulator.apiserver.registry.strategy import prepare_new
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.status import ApiError
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36

RESOURCE = Resource(
    *("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
    namespaced=False,
    short=(),
    status=True,
)
SPEC = "/spec/versions/0/schema/openAPIV3Schema/properties/spec"
SHOWN = "spec.validation.openAPIV3Schema.properties[spec]"
"""Where the server reports a schema that all versions share."""


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"/spec/scope": ""}, "spec.scope", "Required value"),
        (
            {"/spec/names/plural": GONE, "/metadata/name": ".example.com"},
            "spec.names.plural",
            "Required value",
        ),
        ({SPEC: {"description": "x"}}, f"{SHOWN}.type", "Required value: must not be empty"),
        ({SPEC: {"type": "array"}}, f"{SHOWN}.items", "Required value: must be specified"),
        (
            {SPEC: {"type": "string", "pattern": "["}},
            f"{SHOWN}.pattern",
            "must be a valid regular expression",
        ),
        (
            {SPEC: {"type": "string", "x-kubernetes-validations": [{"rule": "self =="}]}},
            f"{SHOWN}.x-kubernetes-validations[0].rule",
            "",
        ),
        (
            {"/spec/conversion": {"strategy": "Magic"}},
            "spec.conversion.strategy",
            'Unsupported value: "Magic": supported values: "None", "Webhook"',
        ),
    ],
)
def test_a_broken_rule_of_a_definition_is_reported_once(
    change: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(ApiError, match="is invalid") as refused:
        prepare_new(
            RESOURCE, changed(DEFINITION, change), Context(release=V1_36, gates=gates_of(V1_36, {})), None
        )
    causes = refused.value.body()["details"]["causes"]
    (cause,) = [cause for cause in causes if cause["field"].startswith(("spec.", "status."))]
    assert cause["field"] == field
    assert message in cause["message"]
