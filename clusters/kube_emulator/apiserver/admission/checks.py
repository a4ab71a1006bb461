"""Why the expressions of a webhook configuration or a policy are refused when it is stored (``validateValidation`` and so on, 1.37)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kube_emulator.apiserver.admission.expressions import Expressions, Scope, declared
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.validation.causes import Cause, duplicate, invalid, required, too_many

CONDITIONS_MAX = 64
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Checks:
    """Compiles what is stored."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions

    def causes(self, item: Mapping[str, Any]) -> list[Cause]:
        """The expressions of ITEM that do not compile."""
        if "webhooks" in item:
            return [
                cause
                for index, hook in enumerate(item["webhooks"] or ())
                for cause in self._conditions(hook, f"webhooks[{index}]", params=False)
            ]
        return list(self._policy(item.get("spec") or {}))

    def _policy(self, spec: Mapping[str, Any]) -> Iterator[Cause]:
        params = spec.get("paramKind") is not None
        yield from self._conditions(spec, "spec", params=params)
        variables = spec.get("variables") or ()
        for index, variable in enumerate(variables):
            path = f"spec.variables[{index}]"
            if not IDENTIFIER.fullmatch(variable.get("name") or ""):
                yield invalid(f"{path}.name", variable.get("name") or "", "must be a valid CEL identifier")
                return
            scope = Scope(params, True, declared(self._expressions, variables[:index], params=params))
            yield from self._expression(variable.get("expression") or "", scope, (), f"{path}.expression")
        types = declared(self._expressions, variables, params=params) if variables else None
        scope = Scope(params, True, types)
        for index, one in enumerate(spec.get("validations") or ()):
            path = f"spec.validations[{index}]"
            yield from self._expression(one.get("expression") or "", scope, ("bool",), f"{path}.expression")
            if text := one.get("messageExpression"):
                message = Scope(params, False, types)
                yield from self._expression(text, message, ("string",), f"{path}.messageExpression")
        for index, one in enumerate(spec.get("auditAnnotations") or ()):
            path = f"spec.auditAnnotations[{index}].valueExpression"
            yield from self._expression(
                one.get("valueExpression") or "", scope, ("string", "null_type"), path
            )

    def _conditions(self, item: Mapping[str, Any], path: str, *, params: bool) -> Iterator[Cause]:
        conditions, seen = item.get("matchConditions") or (), set()
        if len(conditions) > CONDITIONS_MAX:
            yield too_many(f"{path}.matchConditions", len(conditions), CONDITIONS_MAX)
        for index, condition in enumerate(conditions):
            where = f"{path}.matchConditions[{index}]"
            text = (condition.get("expression") or "").strip()
            yield from self._expression(text, Scope(params), ("bool",), f"{where}.expression", "")
            if not condition.get("name"):
                yield required(f"{where}.name")
            elif condition["name"] in seen:
                yield duplicate(f"{where}.name", condition["name"])
            seen.add(condition.get("name"))

    def _expression(
        self, text: str, scope: Scope, results: tuple[str, ...], path: str, missing: str | None = None
    ) -> Iterator[Cause]:
        if not text.strip():
            member = path.rpartition(".")[2]
            yield required(path, f"{member} is not specified" if missing is None else missing)
            return
        try:
            self._expressions.compiled(text, scope, results)
        except CompileError as error:
            yield invalid(path, text, str(error))
