"""The CEL variables ``authorizer`` and ``authorizer.requestResource``: questions to the authorizer (``pkg/cel/library/authz.go``, 1.37).

A question is a value that grows with each call; ``check`` asks. The user is that of the request, or a service account.
"""

from collections.abc import Callable
from typing import Any

from kube_emulator.apiserver.auth.attributes import (
    ACCOUNT_PREFIX,
    AUTHENTICATED,
    Attributes,
    Decision,
    User,
    account_groups,
)
from kube_emulator.apiserver.auth.write import REQUEST, Write
from kube_emulator.apiserver.cel.library import Function
from kube_emulator.apiserver.cel.values import CHECKS, Check

AUTHORIZER, PATH, GROUP, RESOURCE, DECISION = CHECKS
Decide = Callable[[Attributes], Decision]


def request_resource(write: Write) -> Check:
    """The question about what the request is for."""
    names = ("group", "plural", "subresource", "namespace", "name")
    return Check(RESOURCE, {name: getattr(write, name) for name in names})


def functions(decide: Decide) -> list[Function]:
    """The functions of these values; DECIDE answers."""
    return [
        _with("path", "authorizer_path", AUTHORIZER, PATH, "path"),
        _with("group", "authorizer_group", AUTHORIZER, GROUP, "group"),
        Function(
            "serviceAccount",
            "authorizer_serviceaccount",
            (AUTHORIZER, "string", "string"),
            AUTHORIZER,
            _account,
        ),
        _with("resource", "groupcheck_resource", GROUP, RESOURCE, "plural"),
        _with("subresource", "resourcecheck_subresource", RESOURCE, RESOURCE, "subresource"),
        _with("namespace", "resourcecheck_namespace", RESOURCE, RESOURCE, "namespace"),
        _with("name", "resourcecheck_name", RESOURCE, RESOURCE, "name"),
        _with("fieldSelector", "resourcecheck_fieldselector", RESOURCE, RESOURCE, "fields"),
        _with("labelSelector", "resourcecheck_labelselector", RESOURCE, RESOURCE, "labels"),
        Function(
            "check",
            "pathcheck_check_string",
            (PATH, "string"),
            DECISION,
            lambda asked, verb: _ask(decide, asked, verb),
        ),
        Function(
            "check",
            "resourcecheck_check_string",
            (RESOURCE, "string"),
            DECISION,
            lambda asked, verb: _ask(decide, asked, verb),
        ),
        _member("allowed", "bool"),
        _member("reason", "string"),
        _member("error", "string"),
        Function("errored", "decision_errored", (DECISION,), "bool", lambda _found: False),
    ]


def _with(name: str, overload: str, given: str, result: str, part: str) -> Function:
    def run(asked: Check, value: str) -> Check:
        return Check(result, {**asked.parts, part: value})

    return Function(name, overload, (given, "string"), result, run)


def _member(name: str, kind: str) -> Function:
    return Function(name, f"decision_{name}", (DECISION,), kind, lambda found: found.parts[name])


def _account(asked: Check, namespace: str, name: str) -> Check:
    return Check(AUTHORIZER, {**asked.parts, "account": [namespace, name]})


def _ask(decide: Decide, asked: Check, verb: str) -> Check:
    parts: Any = asked.parts
    request = REQUEST.get()
    user = request.user if request is not None else User(name="")
    if account := parts.get("account"):
        namespace, name = account
        groups = (*account_groups(namespace), AUTHENTICATED)
        user = User(name=f"{ACCOUNT_PREFIX}{namespace}:{name}", groups=groups)
    found = decide(
        Attributes(
            user=user,
            verb=verb,
            path=parts.get("path", ""),
            group=parts.get("group", ""),
            resource=parts.get("plural", ""),
            subresource=parts.get("subresource", ""),
            namespace=parts.get("namespace", ""),
            name=parts.get("name", ""),
        )
    )
    return Check(DECISION, {"allowed": found.allowed, "reason": found.reason, "error": ""})
