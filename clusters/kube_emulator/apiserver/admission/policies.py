"""ValidatingAdmissionPolicies: what the policies and bindings of a cluster say to one write.

After apiserver ``plugin/policy/validating`` (dispatcher.go, validator.go) and ``plugin/policy/generic`` (1.37).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kube_emulator.apiserver.admission.authorizer import request_resource
from kube_emulator.apiserver.admission.cluster_view import ClusterView
from kube_emulator.apiserver.admission.expressions import Expressions, Scope, declared, failed
from kube_emulator.apiserver.admission.matching import Match, constrained, is_exempt
from kube_emulator.apiserver.admission.params import ConfigurationError, params_of
from kube_emulator.apiserver.admission.reviews import request_of
from kube_emulator.apiserver.auth.write import REQUEST, Write
from kube_emulator.apiserver.cel.environment import EvaluationError
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.cel.values import CHECKS, Check
from kube_emulator.apiserver.status import ApiError, forbidden

POLICIES, BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"
CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}
MESSAGE_MAX = 5 * 1024
"""Bytes of an evaluated message (``MaxEvaluatedMessageExpressionSizeBytes``)."""


class Failure(Exception):
    """A validation does not hold, or fails.

    Attributes:
        error: whether it could not be evaluated, so that the failure policy decides.
    """

    def __init__(self, message: str, reason: str = "Invalid", *, error: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.error = error


class Policies:
    """The policies of one cluster."""

    def __init__(self, view: ClusterView, expressions: Expressions) -> None:
        self._view = view
        self._expressions = expressions

    def check(self, write: Write) -> None:
        """Refuse WRITE if a binding of a policy denies it; send warnings.

        Raises:
            ApiError: with the reason of the first validation that does not hold.
        """
        policies = self._view.objects.values(POLICIES)
        if not policies or is_exempt(write) or REQUEST.get() is None:
            return
        bindings = self._view.objects.values(BINDINGS)
        namespace = self._view.namespace_labels(write)
        denied: list[ApiError] = []
        for policy in sorted(policies, key=name_of):
            match = constrained(
                policy["spec"].get("matchConstraints") or {}, write, namespace, self._view.versions
            )
            own = [one for one in bindings if match and one["spec"].get("policyName") == name_of(policy)]
            for binding in sorted(own, key=name_of):
                within = binding["spec"].get("matchResources") or {}
                if match and constrained(within, write, namespace, self._view.versions):
                    denied += self._decided(policy, binding, write, match)
        if denied:
            raise denied[0]

    def _decided(
        self, policy: Mapping[str, Any], binding: Mapping[str, Any], write: Write, match: Match
    ) -> list[ApiError]:
        """The refusals by BINDING; what it only warns of is sent."""
        spec, where = policy["spec"], f"'{name_of(policy)}' with binding '{name_of(binding)}'"
        forgives = spec.get("failurePolicy") == "Ignore"
        try:
            found = params_of(self._view, spec.get("paramKind"), binding["spec"].get("paramRef"), write.place)
        except ConfigurationError as error:
            text = f"failed to configure binding: {error}"
            return [] if forgives else [refusal(write, where, Failure(text))]
        failures = [
            failure
            for param in found
            for failure in self._failures(spec, self._values(write, match, param))
            if not (failure.error and forgives)
        ]
        actions = binding["spec"].get("validationActions") or ()
        if "Warn" in actions:
            for failure in failures:
                text = f"Validation failed for ValidatingAdmissionPolicy {where}: {failure.message}"
                write.warn(text)
        return [refusal(write, where, failure) for failure in failures] if "Deny" in actions else []

    def _values(self, write: Write, match: Match, param: Mapping[str, Any] | None) -> dict[str, Any]:
        asked = REQUEST.get()
        assert asked is not None
        return {
            "object": self._view.in_version(write, write.new, match.version),
            "oldObject": self._view.in_version(write, write.old, match.version),
            "request": request_of(write, match, asked.user),
            "namespaceObject": self._view.namespace(write),
            "params": param,
            "authorizer": Check(CHECKS[0], {}),
            "authorizerRequestResource": request_resource(write),
        }

    def _failures(self, spec: Mapping[str, Any], values: Mapping[str, Any]) -> list[Failure]:
        """The validations of a policy that do not hold; none if a match condition is false."""
        try:
            if not matches(
                self._expressions, spec.get("matchConditions") or (), values, params="paramKind" in spec
            ):
                return []
        except (CompileError, EvaluationError) as error:
            return [Failure(str(error), error=True)]
        evaluation = Evaluation(self._expressions, spec, values)
        found = []
        for validation in spec.get("validations") or ():
            try:
                if evaluation.value(validation["expression"], ("bool",)) is not True:
                    found.append(
                        Failure(evaluation.message(validation), validation.get("reason") or "Invalid")
                    )
            except (CompileError, EvaluationError) as error:
                found.append(failure_of(validation["expression"], error))
        for annotation in spec.get("auditAnnotations") or ():
            try:
                evaluation.value(annotation["valueExpression"].strip(), ("string", "null_type"))
            except (CompileError, EvaluationError) as error:
                found.append(failure_of(annotation["valueExpression"].strip(), error))
        return found


class Evaluation:
    """One policy on one write: its variables are evaluated once, and only those that are used."""

    def __init__(self, expressions: Expressions, spec: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self._expressions = expressions
        self._values = values
        self._params = "paramKind" in spec
        self._texts = {one["name"]: one["expression"] for one in spec.get("variables") or ()}
        types = declared(expressions, spec.get("variables") or (), params=self._params)
        self._scope = Scope(self._params, True, types)
        self._known: dict[str, Any] = {}
        self._failed: dict[str, str] = {}

    def value(self, text: str, results: tuple[str, ...] = (), scope: Scope | None = None) -> Any:
        """The value of TEXT, which has one of the types RESULTS.

        Raises:
            CompileError: it does not compile.
            EvaluationError: it fails.
        """
        expression = self._expressions.compiled(text, scope or self._scope, results)
        for name in sorted(expression.uses):
            self._variable(name)
        try:
            return self._expressions.value(expression, {**self._values, "variables": self._known})
        except EvaluationError as error:
            # A variable that failed is missing, so an expression fails only if it reads it: variables are lazy upstream.
            for name in sorted(expression.uses & self._failed.keys()):
                if f"no such key: {name}" in str(error):
                    why = f'composited variable "{name}" fails to evaluate: {self._failed[name]}'
                    raise EvaluationError(why) from error
            raise

    def _variable(self, name: str) -> None:
        if name in self._known or name in self._failed or name not in self._texts:
            return
        before = tuple(one for one in self._scope.variables or () if one[0] != name)
        index = [one[0] for one in self._scope.variables or ()].index(name)
        try:
            scope = Scope(self._params, True, before[:index])
            self._known[name] = self.value(self._texts[name], (), scope)
        except (CompileError, EvaluationError) as error:
            self._failed[name] = str(error)

    def message(self, validation: Mapping[str, Any]) -> str:
        """Why VALIDATION refuses: its evaluated message, else its message, else its expression."""
        text = ""
        if expression := validation.get("messageExpression"):
            try:
                scope = Scope(self._params, False, self._scope.variables)
                text = str(self.value(expression, ("string",), scope)).strip()
            except (CompileError, EvaluationError):
                text = ""
            if len(text.encode()) > MESSAGE_MAX or "\n" in text:
                text = ""
        text = text or (validation.get("message") or "").strip()
        return text or f"failed expression: {validation['expression'].strip()}"


def matches(
    expressions: Expressions,
    conditions: Sequence[Mapping[str, str]],
    values: Mapping[str, Any],
    *,
    params: bool = False,
) -> bool:
    """Whether all match CONDITIONS are true; one that is false decides even if another one fails.

    Raises:
        CompileError: one does not compile.
        EvaluationError: one fails, and none is false.
    """
    errors: list[Exception] = []
    for condition in conditions:
        try:
            expression = expressions.compiled(condition["expression"].strip(), Scope(params), ("bool",))
            if expressions.value(expression, values) is False:
                return False
        except EvaluationError as error:
            errors.append(failed(condition["expression"].strip(), error))
        except CompileError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return True


def failure_of(text: str, error: CompileError | EvaluationError) -> Failure:
    """What an expression TEXT that cannot be evaluated says to the write."""
    shown = failed(text, error) if isinstance(error, EvaluationError) else f"compilation error: {error}"
    return Failure(str(shown), error=True)


def name_of(item: Mapping[str, Any]) -> str:
    """The name of an object."""
    name: str = item["metadata"]["name"]
    return name


def refusal(write: Write, where: str, failure: Failure) -> ApiError:
    """The answer to a write that a policy denies; WHERE names policy and binding."""
    message = f"ValidatingAdmissionPolicy {where} denied request: {failure.message}"
    shown = forbidden(write.plural, write.group, write.name, message)
    details = {**(shown.details or {}), "causes": [{"message": message}]}
    return ApiError(CODES.get(failure.reason, 422), shown.message, reason=failure.reason, details=details)
