"""CEL in admission: types at compile time, values at run time. Texts are those of kube-apiserver 1.37.2."""

from typing import Any

import pytest

from kube_emulator.apiserver.admission.evaluation import Evaluation, matches
from kube_emulator.apiserver.admission.expressions import Expressions, Scope
from kube_emulator.apiserver.auth.attributes import Attributes, Decision
from kube_emulator.apiserver.cel.environment import EvaluationError
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.cel.values import CHECKS, Check


def decide(asked: Attributes) -> Decision:
    return Decision(asked.verb == "get" and asked.resource == "pods", f"{asked.user.name} {asked.combined}")


@pytest.fixture(scope="module")
def expressions() -> Expressions:
    return Expressions(decide)


def evaluation(expressions: Expressions, variables: dict[str, str], **values: Any) -> Evaluation:
    listed = [{"name": name, "expression": text} for name, text in variables.items()]
    return Evaluation(expressions, {"variables": listed}, values)


def test_a_field_that_the_request_does_not_have_is_a_compile_error(expressions: Expressions) -> None:
    with pytest.raises(CompileError, match="undefined field 'nope'"):
        expressions.compiled("request.nope == ''", Scope())


def test_an_expression_of_another_type_is_refused(expressions: Expressions) -> None:
    with pytest.raises(CompileError, match="must evaluate to bool but got int"):
        expressions.compiled("1", Scope(), ("bool",))


def test_a_message_expression_has_no_authorizer(expressions: Expressions) -> None:
    with pytest.raises(CompileError, match="undeclared reference to 'authorizer'"):
        expressions.compiled("authorizer.path('/x').check('get').reason()", Scope(authorizer=False))


def test_a_variable_is_evaluated_only_where_it_is_read(expressions: Expressions) -> None:
    found = evaluation(expressions, {"broken": "object.none.x"}, object={})
    assert found.value("true || variables.broken == 1") is True
    with pytest.raises(
        EvaluationError, match='composited variable "broken" fails to evaluate: no such key: none'
    ):
        found.value("variables.broken == 1")


def test_variables_hold_lists_and_maps(expressions: Expressions) -> None:
    found = evaluation(expressions, {"names": "object.items.map(i, {'name': i})"}, object={"items": ["a"]})
    assert found.value("variables.names[0].name == 'a'") is True


def test_a_map_of_maps_is_no_device(expressions: Expressions) -> None:
    """Device selectors have every domain; other expressions fail on a key that is not there."""
    found = evaluation(expressions, {}, object={})
    with pytest.raises(EvaluationError, match="no such key: b"):
        found.value("{'a': {'x': 1}}['b'].size() == 0")


def test_one_false_condition_decides_before_one_that_fails(expressions: Expressions) -> None:
    broken = {"name": "a", "expression": "object.none.x == 1"}
    assert not matches(expressions, [broken, {"name": "b", "expression": "false"}], {"object": {}})
    with pytest.raises(EvaluationError, match="resulted in error: no such key: none"):
        matches(expressions, [broken], {"object": {}})


def test_the_authorizer_answers_for_a_service_account(expressions: Expressions) -> None:
    question = (
        "authorizer.serviceAccount('ns', 'sa').group('').resource('pods').subresource('log').check('get')"
    )
    found = evaluation(expressions, {}, authorizer=Check(CHECKS[0], {}))
    assert found.value(f"{question}.allowed()") is True
    assert found.value(f"{question}.reason()") == "system:serviceaccount:ns:sa pods/log"
