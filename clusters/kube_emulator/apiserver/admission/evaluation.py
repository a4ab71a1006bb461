"""Evaluates the expressions of one ValidatingAdmissionPolicy on one write, within what they may cost.

After apiserver ``plugin/policy/validating`` validator.go and ``plugin/webhook/matchconditions`` (1.37).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.admission.expressions import (
    Budget,
    CostExceeded,
    Expressions,
    OutOfBudget,
    Scope,
    declared,
    failed,
)
from kube_emulator.apiserver.cel.environment import EvaluationError
from kube_emulator.apiserver.cel.parsing import CompileError

BUDGET, CONDITIONS_BUDGET = 10_000_000, 2_500_000
"""Units that a policy may cost on a write, and its match conditions (pkg/apis/cel RuntimeCELCostBudget)."""
MESSAGE_MAX = 5 * 1024
"""Bytes of an evaluated message (``MaxEvaluatedMessageExpressionSizeBytes``)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A validation that does not hold, or fails.

    Attributes:
        error: whether it could not be evaluated, so that the failure policy decides.
        denies: whether the write is refused whatever the binding's actions are, as for an audit annotation (dispatcher.go).
    """

    message: str
    reason: str = "Invalid"
    error: bool = False
    denies: bool = False


def validated(evaluation: "Evaluation", validations: Sequence[Mapping[str, Any]]) -> list[Failure]:
    """VALIDATIONS that do not hold. All messages are evaluated, those of validations that hold too (validator.go Validate).

    Raises:
        OutOfBudget: the expressions take too long.
    """
    outcomes = [evaluation.outcome(one["expression"], ("bool",)) for one in validations]
    found: list[Failure] = []
    try:
        messages = [evaluation.message(one) for one in validations]
    except OutOfBudget as error:
        stopped = Failure(f"failed messageExpression: {error}", error=True)
        return [one if isinstance(one, Failure) else stopped for one in outcomes]
    for outcome, message, one in zip(outcomes, messages, validations, strict=True):
        if isinstance(outcome, Failure):
            found.append(outcome)
        elif outcome is not True:
            found.append(Failure(message, one.get("reason") or "Invalid"))
    return found


def annotated(evaluation: "Evaluation", annotations: Sequence[Mapping[str, Any]]) -> list[Failure]:
    """Audit ANNOTATIONS that fail; they are evaluated for that only.

    Raises:
        OutOfBudget: the expressions take too long.
    """
    found = [
        evaluation.outcome(one["valueExpression"].strip(), ("string", "null_type")) for one in annotations
    ]
    return [Failure(one.message, error=True, denies=True) for one in found if isinstance(one, Failure)]


class Evaluation:
    """One policy on one write: its variables are evaluated once, and only those that are used.

    Attributes:
        budget: what its expressions may cost together.
    """

    def __init__(self, expressions: Expressions, spec: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self._expressions = expressions
        self.budget = Budget(BUDGET)
        self._values = values
        self._params = "paramKind" in spec
        self._texts = {one["name"]: one["expression"] for one in spec.get("variables") or ()}
        types = declared(expressions, spec.get("variables") or (), params=self._params)
        self._scope = Scope(self._params, True, types)
        self._known: dict[str, Any] = {}
        self._failed: dict[str, str] = {}

    def outcome(self, text: str, results: tuple[str, ...]) -> Any:
        """The value of TEXT, or the Failure that it is.

        Raises:
            OutOfBudget: the expressions so far take too long.
        """
        try:
            return self.value(text, results)
        except OutOfBudget:
            raise
        except CompileError as error:
            return Failure(f"compilation error: {error}", error=True)
        except EvaluationError as error:
            return Failure(str(failed(text, error)), error=True)

    def value(self, text: str, results: tuple[str, ...] = (), scope: Scope | None = None) -> Any:
        """The value of TEXT, which has one of the types RESULTS.

        Raises:
            CompileError: it does not compile.
            EvaluationError: it fails.
            OutOfBudget: the expressions so far take too long.
        """
        expression = self._expressions.compiled(text, scope or self._scope, results)
        for name in sorted(expression.uses):
            self._variable(name)
        try:
            return self._expressions.value(expression, {**self._values, "variables": self._known})
        except CostExceeded:
            self.budget.charge()
            raise
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
        except OutOfBudget:
            raise
        except (CompileError, EvaluationError) as error:
            self._failed[name] = str(error)

    def message(self, validation: Mapping[str, Any]) -> str:
        """Why VALIDATION refuses: its evaluated message, else its message, else its expression. Raises OutOfBudget."""
        text = ""
        if expression := validation.get("messageExpression"):
            try:
                scope = Scope(self._params, False, self._scope.variables)
                text = str(self.value(expression, ("string",), scope)).strip()
            except OutOfBudget:
                raise
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
        OutOfBudget: they take too long.
    """
    budget = Budget(CONDITIONS_BUDGET)
    errors: list[Exception] = []
    for condition in conditions:
        try:
            expression = expressions.compiled(condition["expression"].strip(), Scope(params), ("bool",))
            if expressions.value(expression, values) is False:
                return False
        except EvaluationError as error:
            if isinstance(error, CostExceeded):
                budget.charge()
            errors.append(failed(condition["expression"].strip(), error))
        except CompileError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return True
