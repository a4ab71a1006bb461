"""What expressions of ValidatingAdmissionPolicies may cost, what audit annotations do, and what the status of a policy warns of."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.policies import PLUGIN, POLICIES, config, policy, refused, try_out, validation

DEEP = "true"
for _name in "abcdef":
    DEEP = f"[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].all({_name}, {DEEP})"
"""An expression that costs more than one may: a million steps."""
TOO_MUCH = "resulted in error: operation cancelled: actual cost limit exceeded"
NO_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"


@behaviour("policies/cost-of-an-expression", PLUGIN + "cel/activation.go; apiserver pkg/apis/cel/config.go")
def cost_of_an_expression(context: CheckContext) -> None:
    """An expression that takes too long is stopped and refuses as one that fails, with 422 and its error."""
    policy(context, {"validations": [validation(DEEP)]})
    policy(context, {"validations": [validation(DEEP)], "failurePolicy": "Ignore"})
    refused(context, config("a")).refuse(422, "Invalid", f"denied request: expression '{DEEP}' {TOO_MUCH}")


@behaviour("policies/cost-of-conditions", PLUGIN + "cel/activation.go; apiserver pkg/apis/cel/config.go")
def cost_of_conditions(context: CheckContext) -> None:
    """Match conditions that take too long together refuse with the budget as the reason."""
    conditions = [{"name": f"c{number}", "expression": DEEP} for number in range(3)]
    policy(context, {"matchConditions": conditions, "validations": [validation("true")]})
    refused(context, config("a")).refuse(422, "Invalid", f"denied request: {NO_BUDGET}")


@behaviour("policies/audit-annotations-that-fail", PLUGIN + "validating/dispatcher.go")
def failing_annotations(context: CheckContext) -> None:
    """An audit annotation that cannot be evaluated refuses, also where the binding only warns; not if failures are ignored."""
    annotations = [{"key": "color", "valueExpression": "string(object.data.color)"}]
    ignored = [{"key": "form", "valueExpression": "string(object.data.form)"}]
    policy(context, {"auditAnnotations": annotations}, validationActions=["Warn"])
    policy(context, {"auditAnnotations": ignored, "failurePolicy": "Ignore"})
    why = "expression 'string(object.data.color)' resulted in error: no such key: color"
    refused(context, config("a", x="y")).refuse(422, "Invalid", why)
    context.post("configmaps", config("a", color="red")).expect(201)


@behaviour(
    "policies/type-checking",
    PLUGIN + "validating/typechecking.go; " + UPSTREAM + "pkg/controller/validatingadmissionpolicystatus",
    needs=("api", "controllers"),
)
def type_checking(context: CheckContext) -> None:
    """The status of a policy warns of expressions that do not fit the kinds that it names, by their schemas."""
    workloads = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["deployments", "statefulsets"],
    }
    rules = [validation("object.spec.replicas > 1"), validation("object.spec.serviceName == 'x'")]
    name = policy(context, {"rules": [workloads], "validations": rules})

    def observed() -> bool:
        status = context.get(POLICIES, name).expect(200).get("status") or {}
        return status.get("observedGeneration") == 1

    eventually(observed, "the generation is observed")
    warning = (
        "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'serviceName'\n"
        " | object.spec.serviceName == 'x'\n | ...........^\n"
    )
    found = context.get(POLICIES, name).expect(200)["status"]["typeChecking"]
    same(
        found,
        {"expressionWarnings": [{"fieldRef": "spec.validations[1].expression", "warning": warning}]},
        "status.typeChecking",
    )
    same(try_out(context, config("a")).code, 201, "a write that the policy is not for")
