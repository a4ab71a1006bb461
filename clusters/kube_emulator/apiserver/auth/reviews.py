"""Review kinds, which are answered and never stored: access, rules, self subject and token reviews; and token requests.

authorization.k8s.io/v1, authentication.k8s.io/v1 and the subresource ``serviceaccounts/token`` (``pkg/registry/authorization``,
``pkg/registry/authentication``, ``pkg/registry/core/serviceaccount``, 1.36.3).
"""

from collections.abc import Callable, Mapping
from typing import Any

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver import status
from kube_emulator.apiserver.auth import accounts
from kube_emulator.apiserver.auth.attributes import Attributes, Decision, User, equalities
from kube_emulator.apiserver.auth.authenticator import Authenticator
from kube_emulator.apiserver.auth.authority import Authority
from kube_emulator.apiserver.auth.signer import BadTokenError, Signer
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.request import RequestInfo
from kube_emulator.apiserver.status import ApiError
from kube_emulator.apiserver.validation import causes
from kube_emulator.apiserver.validation.causes import Cause

AUTHORIZATION = "authorization.k8s.io"
AUTHENTICATION = "authentication.k8s.io"
Document = dict[str, Any]


class Reviews:
    """Answers reviews; nothing of them is kept."""

    def __init__(
        self,
        authority: Authority,
        authenticator: Authenticator,
        signer: Signer,
        lookup: accounts.Lookup,
        now: Callable[[], float],
    ) -> None:
        self._authority = authority
        self._authenticator = authenticator
        self._signer = signer
        self._lookup = lookup
        self._now = now
        self._kinds: Mapping[
            tuple[str, str], tuple[str, Callable[[ReadOnlyObject, User, RequestInfo], Document]]
        ] = {
            (AUTHORIZATION, "subjectaccessreviews"): ("SubjectAccessReview", self._subject),
            (AUTHORIZATION, "localsubjectaccessreviews"): ("LocalSubjectAccessReview", self._subject),
            (AUTHORIZATION, "selfsubjectaccessreviews"): ("SelfSubjectAccessReview", self._self),
            (AUTHORIZATION, "selfsubjectrulesreviews"): ("SelfSubjectRulesReview", self._rules),
            (AUTHENTICATION, "tokenreviews"): ("TokenReview", self._token),
            (AUTHENTICATION, "selfsubjectreviews"): ("SelfSubjectReview", self._who),
        }

    def serves(self, info: RequestInfo) -> bool:
        """Whether a request is for one of these kinds."""
        if (info.group, info.resource, info.subresource) == ("", "serviceaccounts", "token"):
            return True
        return (info.group, info.resource) in self._kinds and info.version == "v1"

    def create(self, info: RequestInfo, body: Any, user: User) -> Document:
        """The answer to a review that USER sent.

        Raises:
            ApiError: 400, 404, 405, 409 or 422.
        """
        if info.name and not info.subresource:
            raise status.no_route()
        if info.verb != "create":
            raise ApiError(405, "the server does not allow this method on the requested resource", details={})
        if not isinstance(body, Mapping):
            raise status.bad_request("the body of the request was empty")
        if info.resource == "serviceaccounts":
            return self.issue(info.namespace, info.name, body)
        kind, answer = self._kinds[info.group, info.resource]
        found = body.get("kind") or kind
        if found != kind:
            group = info.group.partition(".")[0]
            raise status.bad_request(
                f'{found} in version "v1" cannot be handled as a {kind}: converting (v1.{found}) to ({group}.{kind}):'
                " unknown conversion"
            )
        metadata = dict(body.get("metadata") or {}) | (
            {"namespace": info.namespace} if info.namespace else {}
        )
        head = {"kind": kind, "apiVersion": f"{info.group}/v1", "metadata": metadata}
        return head | answer(body.get("spec") or {}, user, info)

    def _subject(self, spec: ReadOnlyObject, _: User, info: RequestInfo) -> Document:
        wrong: list[Cause] = []
        if not spec.get("user") and not spec.get("groups"):
            detail = "at least one of user or group must be specified"
            wrong.append(causes.invalid("spec.user", spec.get("user", ""), detail))
        if info.namespace and spec.get("nonResourceAttributes"):
            wrong += [misplaced(spec["nonResourceAttributes"], "disallowed on this kind of request")]
            raise status.invalid("", AUTHORIZATION, "", wrong)
        space = (spec.get("resourceAttributes") or {}).get("namespace", "")
        if info.namespace and space != info.namespace:
            field = "spec.resourceAttributes.namespace"
            wrong.append(causes.invalid(field, space, "must match metadata.namespace"))
        whom = User(
            name=spec.get("user", ""),
            uid=spec.get("uid", ""),
            groups=tuple(spec.get("groups") or ()),
            extra=tuple((name, tuple(values)) for name, values in (spec.get("extra") or {}).items()),
        )
        return self._reviewed(spec, whom, wrong)

    def _self(self, spec: ReadOnlyObject, user: User, _: RequestInfo) -> Document:
        return self._reviewed(spec, user, [])

    def _reviewed(self, spec: ReadOnlyObject, whom: User, wrong: list[Cause]) -> Document:
        resource, plain = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if resource is not None and plain is not None:
            wrong.append(misplaced(plain, "cannot be specified in combination with resourceAttributes"))
        if resource is None and plain is None:
            detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            wrong.append(causes.invalid("spec.resourceAttributes", None, detail))
        if wrong:
            raise status.invalid("", AUTHORIZATION, "", wrong)
        decision = self._authority.decide(reviewed_attributes(whom, resource, plain or {}))
        return {"spec": spec, "status": decision_document(decision)}

    def _rules(self, spec: ReadOnlyObject, user: User, _: RequestInfo) -> Document:
        namespace = spec.get("namespace", "")
        if not namespace:
            raise status.bad_request("no namespace on request")
        rules, gaps = self._authority.rules_for(user, namespace)
        answer: Document = {
            "resourceRules": [rule.document() for rule in rules if rule.resources],
            "nonResourceRules": [rule.document() for rule in rules if rule.urls],
            # the node authorizer cannot list its rules, so the answer for a kubelet has gaps
            "incomplete": bool(user.node) and bool(gaps),
        }
        if gaps:
            answer["evaluationError"] = gaps[0] if len(gaps) == 1 else f"[{', '.join(gaps)}]"
        return {"spec": {}, "status": answer}

    def _token(self, spec: ReadOnlyObject, _: User, __: RequestInfo) -> Document:
        if not spec.get("token"):
            raise status.bad_request("token is required for TokenReview in authentication")
        wanted = spec.get("audiences") or [accounts.ISSUER]
        try:
            user = self._authenticator.token_user(spec["token"], wanted)
        except BadTokenError as error:
            return {"spec": spec, "status": {"user": {}, "error": str(error)}}
        shared = [audience for audience in wanted if audience in self._audiences(spec["token"])]
        return {"spec": spec, "status": {"authenticated": True, "user": user.document(), "audiences": shared}}

    def _audiences(self, token: str) -> list[str]:
        try:
            return list(self._signer.read(token).get("aud", [accounts.ISSUER]))
        except BadTokenError:
            return [accounts.ISSUER]  # a static token

    def _who(self, _: ReadOnlyObject, user: User, __: RequestInfo) -> Document:
        stamped = {"creationTimestamp": accounts.stamp(self._now())}
        return {"metadata": stamped, "status": {"userInfo": user.document()}}

    def issue(self, namespace: str, name: str, body: ReadOnlyObject) -> Document:
        """A token for a service account.

        Raises:
            ApiError: 400, 403, 404, 409 or 422.
        """
        account = self._lookup.find("serviceaccounts", name, namespace)
        if account is None:
            raise status.not_found("serviceaccounts", "", name)
        request = accounts.complete(body, account)
        spec = request["spec"]
        self._authority.admit(
            Write(
                operation="CREATE",
                group="",
                plural="serviceaccounts",
                subresource="token",
                namespace=namespace,
                name=name,
                new=request,
            )
        )
        said = accounts.bound(account, spec, self._lookup)
        now, seconds = int(self._now()), spec["expirationSeconds"]
        token = self._signer.sign(accounts.claims_of(said, spec["audiences"], now, seconds))
        request["metadata"]["creationTimestamp"] = accounts.stamp(now)
        return request | {"status": {"token": token, "expirationTimestamp": accounts.stamp(now + seconds)}}


def misplaced(plain: ReadOnlyObject, detail: str) -> Cause:
    """``nonResourceAttributes`` that should not be there, with the value as Go's names write it."""
    value = {"Path": plain.get("path", ""), "Verb": plain.get("verb", "")}
    return causes.invalid("spec.nonResourceAttributes", value, detail)


def reviewed_attributes(whom: User, resource: ReadOnlyObject | None, plain: ReadOnlyObject) -> Attributes:
    """What a SubjectAccessReview asks about."""
    if resource is None:
        return Attributes(user=whom, verb=plain.get("verb", ""), path=plain.get("path", ""))
    selector = resource.get("fieldSelector") or {}
    listed = tuple(
        (item["key"], item["values"][0])
        for item in selector.get("requirements") or ()
        if item.get("operator") == "In" and len(item.get("values") or ()) == 1
    )
    return Attributes(
        user=whom,
        verb=resource.get("verb", ""),
        group=resource.get("group", ""),
        resource=resource.get("resource", ""),
        subresource=resource.get("subresource", ""),
        namespace=resource.get("namespace", ""),
        name=resource.get("name", ""),
        fields=listed or equalities(selector.get("rawSelector", "")),
    )


def decision_document(decision: Decision) -> Document:
    """A decision as ``SubjectAccessReviewStatus``."""
    return {"allowed": decision.allowed} | ({"reason": decision.reason} if decision.reason else {})
