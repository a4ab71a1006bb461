"""What the expressions of a policy may cost on one write. Texts are those of kube-apiserver 1.37.2."""

from typing import Any

import pytest

from kube_emulator.apiserver.admission.evaluation import Evaluation, Failure, annotated, matches, validated
from kube_emulator.apiserver.admission.expressions import Expressions, OutOfBudget
from kube_emulator.apiserver.auth.attributes import Decision

LONG = "true"
for _name in "abcde":
    LONG = f"[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].all({_name}, {LONG})"
STOPPED = f"expression '{LONG}' resulted in error: operation cancelled: actual cost limit exceeded"
NO_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"


@pytest.fixture(scope="module")
def expressions() -> Expressions:
    return Expressions(lambda _: Decision(True, ""))


@pytest.fixture
def fresh(expressions: Expressions) -> Evaluation:
    return Evaluation(expressions, {}, {"object": {}})


def rules(*texts: str, **more: Any) -> list[dict[str, Any]]:
    return [{"expression": text, **more} for text in texts]


def test_an_expression_that_takes_too_long_fails_and_the_next_one_is_evaluated(fresh: Evaluation) -> None:
    assert validated(fresh, rules(LONG, "false")) == [
        Failure(STOPPED, error=True),
        Failure("failed expression: false"),
    ]


def test_the_tenth_expression_that_takes_too_long_uses_up_the_budget(fresh: Evaluation) -> None:
    assert len(validated(fresh, rules(*[LONG] * 9))) == 9
    with pytest.raises(OutOfBudget, match=NO_BUDGET):
        validated(fresh, rules(LONG))


def test_messages_that_take_too_long_fail_validations_that_hold(fresh: Evaluation) -> None:
    found = validated(fresh, rules("true", *["false"] * 9, messageExpression=f"string({LONG})"))
    assert found == [Failure(f"failed messageExpression: {NO_BUDGET}", error=True)] * 10


def test_one_message_that_takes_too_long_is_replaced(fresh: Evaluation) -> None:
    found = validated(fresh, rules("false", messageExpression=f"string({LONG})", message="m"))
    assert found == [Failure("m")]


def test_an_audit_annotation_that_fails_denies_whatever_the_binding_does(fresh: Evaluation) -> None:
    texts = [{"key": "a", "valueExpression": "string(object.x)"}, {"key": "b", "valueExpression": "'b'"}]
    why = "expression 'string(object.x)' resulted in error: no such key: x"
    assert annotated(fresh, texts) == [Failure(why, error=True, denies=True)]


def test_the_third_condition_that_takes_too_long_uses_up_their_budget(expressions: Expressions) -> None:
    long = {"name": "a", "expression": LONG}
    assert not matches(expressions, [long, long, {"name": "b", "expression": "false"}], {})
    with pytest.raises(OutOfBudget, match=NO_BUDGET):
        matches(expressions, [long, long, long, {"name": "b", "expression": "false"}], {})
