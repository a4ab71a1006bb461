"""One request for a kind: what the verbs need of it, looked up once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from aiohttp import web

from dra_api.objects import JsonObject, Pod
from kube_emulator.apiserver.admission.questions import ATTEMPT, Attempt, UnansweredError
from kube_emulator.apiserver.admission.webhook_client import WebhookClient
from kube_emulator.apiserver.crds.definition import Definition
from kube_emulator.apiserver.endpoints.forms import encode, encoded
from kube_emulator.apiserver.endpoints.kubelet_client import KubeletClient
from kube_emulator.apiserver.endpoints.negotiation import Form, form_of
from kube_emulator.apiserver.endpoints.reading import Reader
from kube_emulator.apiserver.endpoints.replies import reply
from kube_emulator.apiserver.endpoints.shapes import Transformer
from kube_emulator.apiserver.query.fields import field_selector
from kube_emulator.apiserver.query.labels import Predicate, both, everything, label_selector
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.ownership import Writer
from kube_emulator.apiserver.registry.verbs.options import ListOptions, WriteOptions
from kube_emulator.apiserver.request import RequestInfo
from kube_emulator.apiserver.resources import Resource, Served
from kube_emulator.apiserver.status import ApiError
from kube_emulator.store.store import Stored

ContainerLog = Callable[[Pod, str, str], Path | None]
"""Finds the file with the output of a run of a container, from its pod, its name and the id of the run; None if its node
does not have it."""


RUNS_MAX = 200
"""Runs of one verb: one for each webhook that is asked, and for each change of its object meanwhile."""


@dataclass
class Call:
    """One request.

    Attributes:
        raw: the body; a big one in YAML is JSON here.
        repeated: keys that such a body repeats.
        webhooks: asks webhooks.
        kubelets: asks the kubelets of nodes that are not emulated.
        container_log: finds the log file of a container; None where no kubelet is emulated.
        warnings: warnings that are sent to the client with the answer.
    """

    api: Api
    request: web.Request
    info: RequestInfo
    served: Served
    raw: bytes
    webhooks: WebhookClient
    kubelets: KubeletClient
    container_log: ContainerLog | None = None
    warnings: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    @property
    def resource(self) -> Resource:
        """The kind."""
        return self.served.resource

    @property
    def plural(self) -> str:
        """The kind's key."""
        return self.served.resource.key

    @property
    def namespace(self) -> str:
        """The namespace in the path; empty for cluster-wide kinds and requests."""
        return self.info.namespace if self.resource.namespaced else ""

    @cached_property
    def definition(self) -> Definition | None:
        """The custom kind; None for a built-in one."""
        return self.api.catalogue.find(self.plural)

    @cached_property
    def form(self) -> Form:
        """The form of the answer.

        Raises:
            ApiError: 406.
        """
        return form_of(self.request.headers.get("Accept", ""), protobuf=not self.resource.custom)

    @cached_property
    def reader(self) -> Reader:
        """Reads objects of the kind."""
        return Reader(self.served, self.definition, self.warnings, self.api.release)

    @cached_property
    def transformer(self) -> Transformer:
        """Turns objects into the form that is asked for."""
        include = self.request.query.get("includeObject", "")
        return Transformer(self.served, self.definition, self.form, include, self.api.clock.time())

    def writer(self, options: WriteOptions) -> Writer:
        """The field manager of the request."""
        return Writer(options.manager, "Update", self.served, self.info.subresource, self.warnings.append)

    async def verb(self, run: Callable[[], Stored]) -> Stored:
        """What the verb RUN returns; it is run again after each webhook that it has to ask (``admission.questions``).

        Raises:
            ApiError: the verb is refused, or its object changes faster than webhooks answer.
        """
        mark = ATTEMPT.set(Attempt())
        try:
            for _ in range(RUNS_MAX):
                try:
                    return run()
                except UnansweredError as stopped:
                    await self.webhooks.answer(stopped.questions)
        finally:
            ATTEMPT.reset(mark)
        raise ApiError(
            500, f"Internal error occurred: no end after {RUNS_MAX} calls of webhooks", reason="InternalError"
        )

    def deleter(self) -> Writer:
        """Who deletes: it has no field manager."""
        return Writer(served=self.served, warn=self.warnings.append)

    def selection(self, options: ListOptions) -> Predicate:
        """What is selected.

        Raises:
            ApiError: 400.
        """
        chosen = label_selector(options.labels) if options.labels else everything
        if not options.fields:
            return chosen
        selectable = self.definition.selectable(self.served.version) if self.definition else {}
        by_field = field_selector(options.fields, self.served, self.api.release, selectable)
        return by_field if chosen is everything else both(chosen, by_field)

    async def answer(self, item: Stored, code: int = 200) -> web.Response:
        """An object as the answer."""
        form = self.form
        if form.transform:
            body = encode(self.transformer.item(item), form.media)
        else:
            body = encoded(item, self.served, form.media)
        return await self.send(body, code)

    async def answer_document(self, value: JsonObject, code: int = 200) -> web.Response:
        """Another document as the answer, e.g. a ``Status``."""
        return await self.send(encode(value, self.form.media), code)

    async def send(self, body: bytes, code: int = 200) -> web.Response:
        """An encoded answer."""
        warnings = [self.served.warning, *self.warnings] if self.served.warning else self.warnings
        return await reply(self.request, body, self.form, code, warnings=warnings)
