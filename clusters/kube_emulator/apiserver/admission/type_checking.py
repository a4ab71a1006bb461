"""What is wrong with the expressions of a policy for the kinds that it names: the warnings of its status (pure).

At work, ``object`` and ``params`` are ``dyn``; here they have the types of the schema of each kind. After apiserver
``plugin/policy/validating`` typechecking.go, 1.37.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.admission.expressions import VARIABLES, Scope, known
from kube_emulator.apiserver.cel.checker import Names
from kube_emulator.apiserver.cel.environment import checked_tree
from kube_emulator.apiserver.cel.parsing import FAILED, CompileError, parse
from kube_emulator.apiserver.cel.types import DYN, Type
from kube_emulator.apiserver.crds.declared import Declared, declared
from kube_emulator.apiserver.schema.json_schema import JsonSchema

KINDS_MAX = 10
"""Kinds of one rule that are looked at (``maxTypesToCheck``)."""


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A group, version and kind, in the order of the warnings."""

    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Kind={self.kind}"


Find = Callable[[str, str, str], Kind | None]
"""(group, version, plural) to the kind that is served; None if there is none."""
Schema = Callable[[Kind], JsonSchema | None]
"""A kind's schema without references; None if there is none."""


def kinds_of(spec: Mapping[str, Any], find: Find) -> list[Kind]:
    """The kinds that a policy names, without those of rules with a ``*`` and without subresources."""
    found: set[Kind] = set()
    for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
        groups, versions = rule.get("apiGroups") or (), rule.get("apiVersions") or ()
        if any("*" in text for text in (*groups, *versions)):
            continue
        plurals = [text for text in rule.get("resources") or () if "*" not in text and "/" not in text]
        places = itertools.product(sorted(groups), sorted(versions), sorted(plurals))
        kinds = (kind for place in places if (kind := find(*place)) is not None)
        found.update(itertools.islice(kinds, KINDS_MAX))
    return sorted(found)


def warnings(spec: Mapping[str, Any], find: Find, schema: Schema) -> list[dict[str, str]]:
    """The ExpressionWarnings of a policy."""
    params = _params(spec.get("paramKind"), schema)
    kinds = [(kind, found) for kind in kinds_of(spec, find) if (found := schema(kind)) is not None]
    environments = [
        (kind, environment(declared(found, kind.kind, root=False), params, spec)) for kind, found in kinds
    ]
    warned = []
    for field, text in _expressions(spec):
        lines = [f"{kind}: {why}\n" for kind, names in environments if (why := issues(text, names))]
        if lines:
            warned.append({"fieldRef": field, "warning": "\n".join(lines)})
    return warned


def _expressions(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, expression) of what is checked; conditions and audit annotations are not."""
    for index, one in enumerate(spec.get("validations") or ()):
        for member in ("expression", "messageExpression"):
            if one.get(member):
                yield f"spec.validations[{index}].{member}", one[member]


def _params(kind: Mapping[str, str] | None, schema: Schema) -> tuple[Declared | None] | None:
    """What is known of ``params``; None if there are none."""
    if kind is None:
        return None
    group, _, version = kind["apiVersion"].rpartition("/")
    found = schema(Kind(group, version, kind["kind"]))
    return (declared(found, kind["kind"], root=False) if found is not None else None,)


def environment(
    subject: Declared | None, params: tuple[Declared | None] | None, spec: Mapping[str, Any]
) -> Names:
    """What expressions can refer to, if ``object`` is of the kind SUBJECT."""
    names = known(Scope(params=params is not None, variables=()))
    variables, fields = dict(names.variables), dict(names.fields)
    typed = {"object": subject, "oldObject": subject} | ({"params": params[0]} if params else {})
    for name, one in typed.items():
        variables[name] = one.kind if one is not None else DYN
        fields |= one.members() if one is not None else {}
    found = Names(names.functions, variables, fields)
    members: dict[str, Type] = {}
    for variable in spec.get("variables") or ():
        fields[VARIABLES] = members
        members[variable["name"]] = _type_of(variable["expression"], found)
    return found


def _type_of(text: str, names: Names) -> Type:
    """The type of a variable; one with issues is ``dyn``, and they are reported nowhere."""
    try:
        tree = parse(text, lists=True)
        return checked_tree(tree, text, names).types[tree.expr.id]
    except CompileError:
        return DYN


def issues(text: str, names: Names) -> str:
    """What is wrong with an expression; empty if nothing is."""
    try:
        checked_tree(parse(text, lists=True), text, names)
    except CompileError as error:
        return str(error).removeprefix(FAILED)
    return ""
