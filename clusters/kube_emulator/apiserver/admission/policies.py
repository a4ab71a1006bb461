"""ValidatingAdmissionPolicies: what the policies and bindings of a cluster say to one write.

After apiserver ``plugin/policy/validating`` (dispatcher.go) and ``plugin/policy/generic`` (1.37).
"""

from collections.abc import Mapping
from typing import Any

from kube_emulator.apiserver.admission.authorizer import request_resource
from kube_emulator.apiserver.admission.cluster_view import ClusterView
from kube_emulator.apiserver.admission.evaluation import (
    BUDGET,
    Evaluation,
    Failure,
    annotated,
    matches,
    validated,
)
from kube_emulator.apiserver.admission.expressions import Budget, Expressions, OutOfBudget
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
            for failure in (one for one in failures if not one.denies):
                text = f"Validation failed for ValidatingAdmissionPolicy {where}: {failure.message}"
                write.warn(text)
        return [refusal(write, where, one) for one in failures if one.denies or "Deny" in actions]

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
        try:
            found = validated(evaluation, spec.get("validations") or ())
            evaluation.budget = Budget(BUDGET)
            return found + annotated(evaluation, spec.get("auditAnnotations") or ())
        except OutOfBudget as error:
            return [Failure(str(error), error=True)]


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
