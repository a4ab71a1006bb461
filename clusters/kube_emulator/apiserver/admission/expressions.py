"""CEL expressions of admission: compiled with the types of ``request`` and ``namespaceObject``, evaluated on one write.

After apiserver ``plugin/cel`` (compile.go, composition.go, activation.go, 1.37). The objects are ``dyn``: their fields are
known at run time only. Run-time cost is not counted (``cel.environment`` says why), but an expression that the library stops costs
what upstream allows one (``Budget``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from cel_expr_python import cel

from kube_emulator.apiserver.admission.authorizer import Decide, functions
from kube_emulator.apiserver.cel.checker import Names
from kube_emulator.apiserver.cel.environment import (
    COST_EXCEEDED,
    TOO_LONG,
    EvaluationError,
    Rules,
    checked_tree,
    failure,
    names,
    runtime_with,
)
from kube_emulator.apiserver.cel.parsing import CompileError, parse
from kube_emulator.apiserver.cel.rewriting import adapt
from kube_emulator.apiserver.cel.syntax import nodes, write
from kube_emulator.apiserver.cel.types import DYN, Type, shown, type_of
from kube_emulator.apiserver.cel.values import CHECKS, encode

VARIABLES = "kubernetes.variables"
REQUEST_RESOURCE = "authorizerRequestResource"
"""``authorizer.requestResource`` inside: a variable whose name has no dot."""

FIELDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "kubernetes.GroupVersionKind": {"group": "string", "version": "string", "kind": "string"},
        "kubernetes.GroupVersionResource": {"group": "string", "version": "string", "resource": "string"},
        "kubernetes.UserInfo": {
            "username": "string",
            "uid": "string",
            "groups": "list(string)",
            "extra": "map(string, list(string))",
        },
        "kubernetes.AdmissionRequest": {
            "kind": "kubernetes.GroupVersionKind",
            "resource": "kubernetes.GroupVersionResource",
            "subResource": "string",
            "requestKind": "kubernetes.GroupVersionKind",
            "requestResource": "kubernetes.GroupVersionResource",
            "requestSubResource": "string",
            "name": "string",
            "namespace": "string",
            "operation": "string",
            "userInfo": "kubernetes.UserInfo",
            "dryRun": "bool",
            "options": "dyn",
        },
        "kubernetes.NamespaceSpec": {"finalizers": "list(string)"},
        "kubernetes.NamespaceCondition": {
            **dict.fromkeys(("status", "type", "message", "reason"), "string"),
            "lastTransitionTime": "timestamp",
        },
        "kubernetes.NamespaceStatus": {
            "conditions": "list(kubernetes.NamespaceCondition)",
            "phase": "string",
        },
        "kubernetes.NamespaceMetadata": {
            **dict.fromkeys(("name", "generateName", "namespace", "UID", "resourceVersion"), "string"),
            **dict.fromkeys(("labels", "annotations"), "map(string, string)"),
            **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), "timestamp"),
            **dict.fromkeys(("deletionGracePeriodSeconds", "generation"), "int"),
            "finalizers": "list(string)",
        },
        "kubernetes.Namespace": {
            "metadata": "kubernetes.NamespaceMetadata",
            "spec": "kubernetes.NamespaceSpec",
            "status": "kubernetes.NamespaceStatus",
        },
    }
)
"""{type: {field: type}}."""


CALL_MAX = 1_000_000
"""Units that one expression may cost (apiserver pkg/apis/cel PerCallLimit)."""


class CostExceeded(EvaluationError):
    """An expression was stopped because it takes too long."""


class OutOfBudget(EvaluationError):
    """Several expressions together take too long; none after them is evaluated."""


class Budget:
    """What expressions that belong together may cost."""

    def __init__(self, units: int) -> None:
        self._left = units

    def charge(self) -> None:
        """An expression was stopped.

        Raises:
            OutOfBudget: it was one too many.
        """
        self._left -= CALL_MAX + 1
        if self._left < 0:
            message = (
                "validation failed due to running out of cost budget, no further validation rules will be run"
            )
            raise OutOfBudget(message)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can refer to beside objects, request and namespace.

    Attributes:
        variables: (name, type) of the variables before it; None if there are none at all.
    """

    params: bool = False
    authorizer: bool = True
    variables: tuple[tuple[str, Type], ...] | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        uses: the variables that it reads.
    """

    text: str
    kind: Type
    uses: frozenset[str]
    executable: Any


def known(scope: Scope) -> Names:
    """What the checker knows in SCOPE."""
    variables = {"object": DYN, "oldObject": DYN}
    variables |= {
        "request": Type("kubernetes.AdmissionRequest"),
        "namespaceObject": Type("kubernetes.Namespace"),
    }
    fields = {
        name: {field: type_of(text) for field, text in members.items()} for name, members in FIELDS.items()
    }
    if scope.params:
        variables["params"] = DYN
    if scope.authorizer:
        variables |= {"authorizer": Type(CHECKS[0]), REQUEST_RESOURCE: Type(CHECKS[3])}
    if scope.variables is not None:
        variables["variables"] = Type(VARIABLES)
        fields[VARIABLES] = dict(scope.variables)
    return Names(names(Rules()).functions, variables, fields)


ALL = (
    "object",
    "oldObject",
    "request",
    "namespaceObject",
    "params",
    "authorizer",
    REQUEST_RESOURCE,
    "variables",
)


class Expressions:
    """Compiles and evaluates for one cluster, whose authorizer DECIDE is."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self.compiled = lru_cache(maxsize=1024)(self._compiled)

    @cached_property
    def _runtime(self) -> Any:
        return runtime_with(ALL, functions(self._decide))

    def _compiled(self, text: str, scope: Scope, results: tuple[str, ...] = ()) -> Expression:
        """TEXT, which must have one of the types RESULTS, if there are any.

        Raises:
            CompileError: with upstream's message.
        """
        tree = parse(text, lists=True)
        uses = set()
        for node in nodes(tree.expr):
            select = node.select_expr
            if node.WhichOneof("kind") != "select_expr" or select.operand.WhichOneof("kind") != "ident_expr":
                continue
            if select.operand.ident_expr.name == "variables":
                uses.add(select.field)
            elif (select.operand.ident_expr.name, select.field) == ("authorizer", "requestResource"):
                node.ident_expr.name = REQUEST_RESOURCE
        checked = checked_tree(tree, text, known(scope))
        kind = checked.types[tree.expr.id]
        if results and shown(kind) not in results:
            wanted = results[0] if len(results) == 1 else f"one of [{' '.join(results)}]"
            raise CompileError(f"must evaluate to {wanted} but got {shown(kind)}")
        adapt(tree, checked, devices=False)
        return Expression(text, kind, frozenset(uses), self._runtime.deserialize(write(tree)))

    def value(self, expression: Expression, values: Mapping[str, Any]) -> Any:
        """The value of EXPRESSION for VALUES of the variables in ALL.

        Raises:
            CostExceeded: it was stopped.
            EvaluationError: with upstream's message.
        """
        given = {name: encode(values.get(name)) for name in ALL}
        try:
            result = expression.executable.eval(self._runtime.Activation(given))
            value = None if result.type() == cel.Type.ERROR else plain(result)
        except (RuntimeError, TypeError) as error:  # the library cannot carry a value
            if TOO_LONG in str(error):
                raise CostExceeded(COST_EXCEEDED) from error
            raise EvaluationError(str(error)) from error
        if result.type() == cel.Type.ERROR:
            raise EvaluationError(failure(result))
        return value


def failed(text: str, error: EvaluationError) -> EvaluationError:
    """ERROR of the expression TEXT, as a refusal shows it."""
    return EvaluationError(f"expression '{text}' resulted in error: {error}")


def plain(value: Any) -> Any:
    """A value of the library, and all in it, as Python's."""
    found = value.value() if isinstance(value, cel.Value) else value
    if isinstance(found, dict):
        return {name: plain(member) for name, member in found.items()}
    return [plain(item) for item in found] if isinstance(found, list) else found


def declared(
    expressions: Expressions, variables: Sequence[Mapping[str, str]], *, params: bool
) -> tuple[tuple[str, Type], ...]:
    """(name, type) of a policy's VARIABLES; one that does not compile is ``dyn``, so that it is reported once."""
    found: tuple[tuple[str, Type], ...] = ()
    for variable in variables:
        try:
            kind = expressions.compiled(variable["expression"], Scope(params, True, found)).kind
        except CompileError:
            kind = DYN
        found = (*found, (variable["name"], kind))
    return found
