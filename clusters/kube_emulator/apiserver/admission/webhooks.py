"""Which webhooks are asked about a write, in which order, and what their answers mean.

After apiserver ``plugin/webhook/{generic,mutating,validating}`` (1.37). Mutating webhooks are asked one after the other, and
again if a later one changed the object and their policy wants that; validating ones all at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from dra_api.objects import JsonObject
from kube_emulator.apiserver.admission.authorizer import request_resource
from kube_emulator.apiserver.admission.cluster_view import ClusterView
from kube_emulator.apiserver.admission.evaluation import matches
from kube_emulator.apiserver.admission.expressions import Expressions
from kube_emulator.apiserver.admission.matching import Match, is_exempt, matched, selected
from kube_emulator.apiserver.admission.policies import name_of
from kube_emulator.apiserver.admission.questions import ATTEMPT, Question, UnansweredError, Verdict
from kube_emulator.apiserver.admission.reviews import request_of
from kube_emulator.apiserver.auth.write import REQUEST, Write
from kube_emulator.apiserver.cel.environment import EvaluationError
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.cel.values import CHECKS, Check
from kube_emulator.apiserver.patches.json_patch import json_patch
from kube_emulator.apiserver.status import ApiError, bad_request, forbidden

MUTATING, VALIDATING = "mutatingwebhookconfigurations", "validatingwebhookconfigurations"
HARMLESS = ("None", "NoneOnDryRun")
Hook = Mapping[str, Any]


class Webhooks:
    """The webhooks of one cluster."""

    def __init__(self, view: ClusterView, expressions: Expressions) -> None:
        self._view = view
        self._expressions = expressions

    def mutate(self, write: Write) -> JsonObject | None:
        """The new object as the mutating webhooks make it; None if there is none, or none changed it.

        Raises:
            ApiError: one refuses, or cannot be asked.
            UnansweredError: one is to be asked.
        """
        hooks = list(self._hooks(MUTATING, write))
        changed_at_all = False
        again: set[str] = set()
        asked: set[str] = set()
        for turn in (0, 1):
            changed_in_turn = False
            for identity, hook in hooks:
                match = self._match(hook, write) if turn == 0 or identity in again else None
                if match is None:
                    continue
                [answer] = self._answers([self._question(identity, hook, write, match, turn, mutating=True)])
                changed = self._patched(hook, write, match, answer)
                if changed is not None:
                    write, changed_in_turn, changed_at_all = replace(write, new=changed), True, True
                    again |= asked
                if hook.get("reinvocationPolicy") == "IfNeeded":
                    asked.add(identity)
            if not changed_in_turn:
                break
        return dict(write.new or {}) if changed_at_all else None

    def check(self, write: Write) -> None:
        """Refuse WRITE if a validating webhook does.

        Raises:
            ApiError: one refuses, or cannot be asked.
            UnansweredError: some are to be asked.
        """
        found = [
            (hook, self._question(identity, hook, write, match, 0, mutating=False))
            for identity, hook in self._hooks(VALIDATING, write)
            if (match := self._match(hook, write)) is not None
        ]
        answers = self._answers([question for _, question in found])
        for (hook, _), answer in zip(found, answers, strict=True):
            judge(hook, write, answer)

    def _hooks(self, plural: str, write: Write) -> Iterator[tuple[str, Hook]]:
        """(identity, webhook), in the order of the names of their configurations."""
        if ATTEMPT.get() is None or REQUEST.get() is None or is_exempt(write):
            return
        for configuration in sorted(self._view.objects.values(plural), key=name_of):
            for index, hook in enumerate(configuration.get("webhooks") or ()):
                yield f"{name_of(configuration)}/{index}/{hook['name']}", hook

    def _match(self, hook: Hook, write: Write) -> Match | None:
        """How HOOK wants WRITE; None if it does not.

        Raises:
            ApiError: its match conditions fail.
        """
        policy = hook.get("matchPolicy") or "Equivalent"
        if not selected(hook, write, self._view.namespace_labels(write)):
            return None
        match = matched(hook.get("rules") or (), policy, write, self._view.versions)
        conditions = hook.get("matchConditions") or ()
        if match is None or not conditions:
            return match
        request = self._request(write, match)
        values = {
            **{name: request.pop(name) for name in ("object", "oldObject")},
            "request": request,
            "authorizer": Check(CHECKS[0], {}),
            "authorizerRequestResource": request_resource(write),
        }
        try:
            return match if matches(self._expressions, conditions, values) else None
        except (CompileError, EvaluationError) as error:
            if hook.get("failurePolicy") == "Ignore":
                return None
            raise forbidden(write.plural, write.group, write.name, str(error)) from error

    def _request(self, write: Write, match: Match) -> JsonObject:
        asked = REQUEST.get()
        assert asked is not None
        return {
            **request_of(write, match, asked.user),
            "object": self._view.in_version(write, write.new, match.version),
            "oldObject": self._view.in_version(write, write.old, match.version),
        }

    def _question(
        self, identity: str, hook: Hook, write: Write, match: Match, turn: int, *, mutating: bool
    ) -> Question:
        if write.dry_run and hook.get("sideEffects") not in HARMLESS:
            raise bad_request(f'admission webhook "{hook["name"]}" does not support dry run')
        request = self._request(write, match)
        key = msgspec.json.encode([identity, mutating, turn, request])
        return Question(key, dict(hook), request, mutating)

    def _answers(self, questions: list[Question]) -> list[Verdict]:
        attempt = ATTEMPT.get()
        known = attempt.answers if attempt is not None else {}
        if unknown := [question for question in questions if question.key not in known]:
            raise UnansweredError(unknown)
        return [known[question.key] for question in questions]

    def _patched(self, hook: Hook, write: Write, match: Match, answer: Verdict) -> JsonObject | None:
        """The new object after the patch in ANSWER, as it is stored; None if it is the same.

        Raises:
            ApiError: the webhook refuses, or its patch cannot be applied.
        """
        judge(hook, write, answer)
        if not answer.patch:
            return None
        before = self._view.in_version(write, write.new, match.version)
        if before is None:
            why = f'admission webhook "{hook["name"]}" attempted to modify the object, which is not supported for this operation'
            raise broken(why)
        try:
            after = json_patch(before, answer.patch)
        except ApiError as error:
            raise broken(
                f'the patch of webhook "{hook["name"]}" cannot be applied: {error.message}'
            ) from error
        return None if after == before else self._view.stored_form(write, after, match.version)


def judge(hook: Hook, write: Write, answer: Verdict) -> None:
    """Send the warnings of ANSWER, and refuse if it does.

    Raises:
        ApiError: upstream's ``ToStatusErr``, or 500 if the webhook failed and its failure policy is Fail.
    """
    name = hook["name"]
    if answer.failure:
        if hook.get("failurePolicy") == "Ignore":
            return
        raise broken(f'failed calling webhook "{name}": {answer.failure}')
    for text in answer.warnings:
        write.warn(text)
    if answer.allowed:
        return
    status, denied = answer.status, f'admission webhook "{name}" denied the request'
    why = status.get("message") or status.get("reason")
    message = f"{denied}: {why}" if why else f"{denied} without explanation"
    code = status.get("code") or 0
    raise ApiError(max(code, 400), message, reason=status.get("reason") or "", details=status.get("details"))


def broken(why: str) -> ApiError:
    """500 with the reason InternalError (``NewInternalError``)."""
    details = {"causes": [{"message": why}]}
    return ApiError(500, f"Internal error occurred: {why}", reason="InternalError", details=details)
