"""ValidatingAdmissionPolicies act on writes (apiserver plugin/policy/validating; API docs: validating admission policy)."""

from collections.abc import Mapping
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Answer, eventually, holds, same
from dra_clusters.checks.context import CheckContext

PLUGIN = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/"
POLICIES, BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"
CONFIG_MAPS: JsonObject = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE", "DELETE"],
    "resources": ["configmaps"],
}


def validation(expression: str, **more: str) -> JsonObject:
    """One validation."""
    return {"expression": expression, **more}


def policy(context: CheckContext, spec: JsonObject, **binding: Any) -> str:
    """Make a policy that acts on the objects of the own namespace, and its binding; their name."""
    name = context.name()
    rules = spec.pop("rules", [CONFIG_MAPS])
    here = {"matchLabels": {"kubernetes.io/metadata.name": context.namespace}}
    constraints = {"resourceRules": rules, "namespaceSelector": here}
    context.create(POLICIES, {"metadata": {"name": name}, "spec": {"matchConstraints": constraints, **spec}})
    made = {"policyName": name, "validationActions": ["Deny"], **binding}
    context.create(BINDINGS, {"metadata": {"name": name}, "spec": made})
    return name


def config(name: str, labels: Mapping[str, str] | None = None, **data: str) -> JsonObject:
    """A ConfigMap."""
    return {"metadata": {"name": name, "labels": dict(labels or {})}, "data": data}


def try_out(context: CheckContext, item: JsonObject, plural: str = "configmaps") -> Answer:
    """Create ITEM without storing it."""
    return context.post(plural, item, query={"dryRun": "All"})


def refused(context: CheckContext, item: JsonObject) -> Answer:
    """The refusal of ITEM, once the policy has reached the server's cache."""
    eventually(lambda: try_out(context, item).code != 201, "the policy acts")
    return context.post("configmaps", item)


@behaviour("policies/deny", PLUGIN + "validating/dispatcher.go")
def deny(context: CheckContext) -> None:
    """A validation that is false refuses with 422 Invalid; the message names policy, binding and reason."""
    rules = [validation("object.metadata.name != 'bad'", message="that name is taken by nobody")]
    name = policy(context, {"validations": rules})
    status = refused(context, config("bad")).refuse(422, "Invalid")
    text = f"ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request: that name is taken by nobody"
    same(status["message"], f'configmaps "bad" is forbidden: {text}', "message")
    same(status["details"], {"name": "bad", "kind": "configmaps", "causes": [{"message": text}]}, "details")
    context.post("configmaps", config("good")).expect(201)


@behaviour("policies/expression-as-message", PLUGIN + "validating/validator.go")
def expression_as_message(context: CheckContext) -> None:
    """Without a message the refusal shows the expression."""
    policy(context, {"validations": [validation("object.metadata.name != 'bad'")]})
    refused(context, config("bad")).refuse(422, "Invalid", "failed expression: object.metadata.name != 'bad'")


@behaviour("policies/variables-and-message-expression", PLUGIN + "validating/validator.go")
def variables(context: CheckContext) -> None:
    """A message expression sees variables, which may use earlier ones."""
    spec = {
        "variables": [
            {"name": "color", "expression": "object.?data.?color.orValue('none')"},
            {"name": "shown", "expression": "'<' + variables.color + '>'"},
        ],
        "validations": [
            validation("variables.color != 'red'", messageExpression="'not ' + variables.shown"),
        ],
    }
    policy(context, spec)
    refused(context, config("a", color="red")).refuse(422, "Invalid", "denied request: not <red>")
    context.post("configmaps", config("b")).expect(201)


@behaviour("policies/reason", PLUGIN + "validating/dispatcher.go")
def reason(context: CheckContext) -> None:
    """The reason of a validation decides the code."""
    policy(context, {"validations": [validation("false", reason="Forbidden")]})
    refused(context, config("a")).refuse(403, "Forbidden", "failed expression: false")


@behaviour("policies/match-conditions", PLUGIN + "validating/validator.go")
def match_conditions(context: CheckContext) -> None:
    """A policy acts only if all of its match conditions are true."""
    conditions = [{"name": "red", "expression": "object.data.color == 'red'"}]
    policy(context, {"matchConditions": conditions, "validations": [validation("false")]})
    refused(context, config("a", color="red")).refuse(422, "Invalid")
    context.post("configmaps", config("a", color="blue")).expect(201)


@behaviour("policies/failure-policy", PLUGIN + "validating/validator.go")
def failure_policy(context: CheckContext) -> None:
    """An expression that fails refuses with its error, unless the failure policy is Ignore."""
    strict = [validation("object.data.color == 'red'")]
    policy(context, {"validations": strict})
    policy(context, {"validations": [validation("object.data.form == 'round'")], "failurePolicy": "Ignore"})
    why = "expression 'object.data.color == 'red'' resulted in error: no such key: color"
    refused(context, config("a", form="round")).refuse(422, "Invalid", why)
    context.post("configmaps", config("a", color="red")).expect(201)


@behaviour("policies/warn", PLUGIN + "validating/dispatcher.go")
def warn(context: CheckContext) -> None:
    """With the action Warn the write succeeds, and its answer has a warning."""
    name = policy(
        context, {"validations": [validation("false", message="mind it")]}, validationActions=["Warn"]
    )
    text = f"Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{name}': mind it"

    def look() -> bool:
        return text in try_out(context, config("a")).headers.get("warning", "")

    eventually(look, "the warning")


@behaviour("policies/params", PLUGIN + "generic/policy_matcher.go")
def params(context: CheckContext) -> None:
    """The binding names an object whose content the expressions read as params."""
    context.create("configmaps", config("params", most="1"))
    spec = {
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [validation("size(object.data) <= int(params.data.most)")],
    }
    reference = {"name": "params", "namespace": context.namespace, "parameterNotFoundAction": "Deny"}
    policy(context, spec, paramRef=reference)
    refused(context, config("a", x="1", y="2")).refuse(422, "Invalid")
    context.post("configmaps", config("a", x="1")).expect(201)


@behaviour("policies/params-not-found", PLUGIN + "generic/policy_matcher.go")
def params_not_found(context: CheckContext) -> None:
    """Params that do not exist refuse if the binding says Deny."""
    spec = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}, "validations": [validation("true")]}
    reference = {"name": "none", "namespace": context.namespace, "parameterNotFoundAction": "Deny"}
    policy(context, spec, paramRef=reference)
    why = (
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    )
    refused(context, config("a")).refuse(422, "Invalid", why)


@behaviour("policies/old-object", PLUGIN + "validating/validator.go")
def old_object(context: CheckContext) -> None:
    """An update is compared with the object before; a deletion has no object."""
    rules = [
        validation("request.operation != 'UPDATE' || object.data.x == oldObject.data.x", message="x stays"),
        validation(
            "request.operation != 'DELETE' || (object == null && oldObject.data.x != '1')", message="1 stays"
        ),
        validation("object == null || object.metadata.name != 'bad'"),
    ]
    policy(context, {"validations": rules})
    refused(context, config("bad", x="1"))
    context.create("configmaps", config("a", x="1"))
    context.put("configmaps", config("a", x="2")).refuse(422, "Invalid", "x stays")
    context.delete("configmaps", "a").refuse(422, "Invalid", "1 stays")


@behaviour(
    "policies/equivalent-versions",
    PLUGIN + "matching/matching.go",
    needs=("api", "resource.k8s.io/v1beta1"),
)
def equivalent_versions(context: CheckContext) -> None:
    """A policy for one version of a kind sees writes of the others, converted to its own."""
    rule = {
        "apiGroups": ["resource.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["resourceclaims"],
    }
    rules = [
        validation(
            "object.spec.devices.requests.all(r, !has(r.exactly) || r.exactly.deviceClassName != 'bad')"
        )
    ]
    policy(context, {"rules": [rule], "validations": rules})
    old = {
        "metadata": {"name": "a"},
        "spec": {"devices": {"requests": [{"name": "r", "deviceClassName": "bad"}]}},
    }
    api = "/apis/resource.k8s.io/v1beta1"

    def look() -> bool:
        return context.post("resourceclaims", old, api=api, query={"dryRun": "All"}).code == 422

    eventually(look, "the old version is refused")


@behaviour("policies/authorizer", PLUGIN + "cel")
def authorizer(context: CheckContext) -> None:
    """Expressions can ask what the user is allowed to do."""
    question = (
        "authorizer.group('').resource('configmaps').namespace(request.namespace).name(object.metadata.name)"
    )
    rules = [
        validation(f"{question}.check('update').allowed()"),
        validation("authorizer.requestResource.check('create').allowed()"),
        validation(
            "!authorizer.serviceAccount(request.namespace, 'nobody').path('/healthz').check('bury').allowed() || true"
        ),
        validation("object.metadata.name != 'bad'"),
    ]
    policy(context, {"validations": rules})
    refused(context, config("bad")).refuse(422, "Invalid", "object.metadata.name != 'bad'")
    context.post("configmaps", config("good")).expect(201)


@behaviour("policies/configuration-is-exempt", PLUGIN + "generic/plugin.go")
def exempt(context: CheckContext) -> None:
    """No policy refuses the configuration of admission, so that a wrong policy can be removed."""
    name = context.name()
    rule = {
        "apiGroups": ["admissionregistration.k8s.io"],
        "apiVersions": ["*"],
        "operations": ["*"],
        "resources": ["*"],
    }
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [validation("false")]}
    context.create(POLICIES, {"metadata": {"name": name}, "spec": spec})
    context.create(
        BINDINGS, {"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}}
    )
    holds(context.delete(BINDINGS, name).code == 200, "the binding is removed")


VALIDATION = UPSTREAM + "pkg/apis/admissionregistration/validation/validation.go"


@behaviour("policies/defaults", UPSTREAM + "pkg/apis/admissionregistration/v1/defaults.go")
def defaults(context: CheckContext) -> None:
    """A policy gets a failure policy, a match policy, selectors that select everything, and the scope of its rules."""
    spec = {"matchConstraints": {"resourceRules": [CONFIG_MAPS]}, "validations": [validation("true")]}
    made = context.create(POLICIES, {"metadata": {"name": context.name()}, "spec": spec})
    wanted = {
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
        "resourceRules": [{**CONFIG_MAPS, "scope": "*"}],
    }
    same((made["spec"]["failurePolicy"], made["spec"]["matchConstraints"]), ("Fail", wanted), "spec")
    same(made["metadata"]["generation"], 1, "generation")


@behaviour("policies/expressions-are-compiled", VALIDATION)
def compiled(context: CheckContext) -> None:
    """A policy is refused for each expression that does not compile, or has the wrong type."""
    spec = {
        "matchConstraints": {"resourceRules": [CONFIG_MAPS]},
        "matchConditions": [{"name": "a", "expression": "request.nope == ''"}],
        "variables": [
            {"name": "number", "expression": "1"},
            {"name": "wrong", "expression": "variables.later"},
        ],
        "validations": [
            validation("variables.number == 'x'"),
            validation("1 + 1", messageExpression="5"),
            validation("params.x == 1"),
        ],
    }
    status = context.post(POLICIES, {"metadata": {"name": context.name()}, "spec": spec}).invalid(
        ("FieldValueInvalid", "spec.matchConditions[0].expression"),
        ("FieldValueInvalid", "spec.variables[1].expression"),
        ("FieldValueInvalid", "spec.validations[0].expression"),
        ("FieldValueInvalid", "spec.validations[1].expression"),
        ("FieldValueInvalid", "spec.validations[1].messageExpression"),
        ("FieldValueInvalid", "spec.validations[2].expression"),
    )
    for text in (
        "undefined field 'nope'",
        "found no matching overload for '_==_' applied to '(int, string)'",
        "must evaluate to bool but got int",
        "must evaluate to string but got int",
        "undeclared reference to 'params'",
    ):
        holds(text in status["message"], text, status["message"])


@behaviour("policies/rules-are-checked", VALIDATION)
def rules_are_checked(context: CheckContext) -> None:
    """A policy without rules or validations, and a binding without policy or actions, are refused."""
    spec = {"matchConstraints": {"resourceRules": [{**CONFIG_MAPS, "operations": ["READ"], "apiGroups": []}]}}
    context.post(POLICIES, {"metadata": {"name": context.name()}, "spec": spec}).invalid(
        ("FieldValueNotSupported", "spec.matchConstraints.resourceRules[0].operations[0]"),
        ("FieldValueRequired", "spec.matchConstraints.resourceRules[0].apiGroups"),
        ("FieldValueRequired", "spec.validations"),
        ("FieldValueRequired", "spec.auditAnnotations"),
    )
    context.post(BINDINGS, {"metadata": {"name": context.name()}, "spec": {}}).invalid(
        ("FieldValueRequired", "spec.policyName"), ("FieldValueRequired", "spec.validationActions")
    )
