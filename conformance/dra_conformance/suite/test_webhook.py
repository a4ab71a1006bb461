"""The vendor's admission webhook, asked as the API server asks."""

from collections.abc import Iterator
from typing import Any

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.expectations import each, not_applicable
from dra_conformance.harness.allocated import requests_for
from dra_conformance.harness.api_versions import BASIC, FLAT, GROUP, NEWEST, older
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.webhook import WebhookProcess
from dra_conformance.outcome import EVIDENCE

VERSIONS = (NEWEST, FLAT, BASIC)
KINDS = ("ResourceClaim", "ResourceClaimTemplate")
FOREIGN = {"apiVersion": "other.example.com/v1", "kind": "Other", "size": 1}


@pytest.fixture
def webhook(
    factory: HarnessFactory, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[WebhookProcess]:
    """The webhook, which runs."""
    descriptor = factory.descriptor
    if descriptor.webhook is None:
        not_applicable("the descriptor has no webhook")
    evidence = request.node.stash[EVIDENCE] = Evidence()
    folder = tmp_path_factory.mktemp("webhook")
    with WebhookProcess(descriptor, descriptor.webhook, factory.places(), folder, evidence) as process:
        yield process


def objects(descriptor: Descriptor, driver: str, parameters: JsonObject | None) -> Iterator[JsonObject]:
    """Claims and templates in all versions, with parameters for DRIVER."""
    config = [{"opaque": {"driver": driver, "parameters": parameters}}] if parameters else []
    devices: dict[str, Any] = {
        "requests": requests_for(["gpu"], descriptor.device_class.name, elevated=(), capacity={}),
        "config": config,
    }
    for version in VERSIONS:
        claim = older({"spec": {"devices": devices}}, version)
        for kind in KINDS:
            spec = claim["spec"] if kind == KINDS[0] else {"spec": claim["spec"]}
            metadata = {"name": "x", "namespace": "default"}
            yield {"apiVersion": f"{GROUP}/{version}", "kind": kind, "metadata": metadata, "spec": spec}


@requirement("CFG-012", why="claims of an older version, or of other drivers, can no longer be created")
def test_the_webhook_takes_every_version_and_ignores_other_drivers(
    webhook: WebhookProcess, factory: HarnessFactory
) -> None:
    """Claims and templates of every version are allowed with no parameters, own ones and those of another driver; bad ones never."""
    descriptor = factory.descriptor
    good = {
        "without parameters": objects(descriptor, descriptor.driver, None),
        "with own parameters": objects(descriptor, descriptor.driver, descriptor.visible_config),
        "with parameters of another driver": objects(descriptor, "other.example.com", FOREIGN),
    }
    problems = [
        f"{item['kind']} as {item['apiVersion']} {what}: {reason}"
        for what, items in good.items()
        for item in items
        if (reason := webhook.refusal(item))
    ]
    each(problems, wanted="allowed", where="webhook")
    if descriptor.bad_config:
        bad = objects(descriptor, descriptor.driver, descriptor.bad_config)
        passed = [f"{item['kind']} as {item['apiVersion']}" for item in bad if not webhook.refusal(item)]
        each(
            passed, wanted="parameters that the driver refuses are refused in every version", where="webhook"
        )
