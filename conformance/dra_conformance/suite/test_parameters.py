"""Parameters as input from users: misspelt, old, hostile, or meant for administrators (resource/v1, 1.37)."""

import json
from collections.abc import Iterator
from typing import Any

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, not_applicable
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.prepare.claims import entry_of, expect_refused, prepared_ids

HOSTILE = (
    "../../../../etc/shadow",
    "/etc/shadow",
    "x\nINJECTED=1",
    "$(touch injected);`id`",
    '"}],"mounts":[{"hostPath":"/"',
    "x" * 9000,
)


def visible(harness: Harness) -> JsonObject:
    """Parameters that the driver accepts."""
    found = harness.descriptor.visible_config
    if found is None:
        not_applicable("the descriptor names no visibleConfig")
    return found


@requirement("CFG-008", why="a misspelt setting is lost, and nobody learns why the device behaves otherwise")
def test_misspelt_members_are_refused(harness: Harness) -> None:
    """Good parameters with a member that the driver does not know are refused."""
    config = {**visible(harness), "thisMemberDoesNotExist": 1}
    expect_refused(harness, harness.claim(config=config), "an unknown member")


@requirement(
    "CFG-009", why="claims that were allocated before an update of the driver could not be prepared after it"
)
def test_older_parameters_are_read(harness: Harness) -> None:
    """Parameters in each older version that the descriptor names are prepared."""
    if not harness.descriptor.older_configs:
        not_applicable("the descriptor names no olderConfigs")
    for config in harness.descriptor.older_configs:
        claim = harness.claim(config=config)
        harness.kubelet.prepared(claim)
        harness.release(claim)


@requirement("CFG-013", why="every user could do with a device what only administrators may")
def test_parameters_of_administrators_are_refused_in_claims(harness: Harness) -> None:
    """Parameters that only a device class may have are refused where a claim has them."""
    config = harness.descriptor.admin_config
    if config is None:
        not_applicable("the descriptor names no adminConfig")
    expect_refused(harness, harness.claim(config=config), "an administrator's parameters in a claim")


@requirement("CFG-010", why="a user could mount files of the host or run commands as root")
def test_hostile_parameters_add_nothing(harness: Harness) -> None:
    """With hostile texts in place of each text of good parameters, claims are refused or get no other path, hook or variable."""
    good = visible(harness)
    allowed = powers(harness, harness.claim(config=good))
    found = []
    for config in variations(good):
        claim = harness.claim(config=config)
        if not entry_of(harness.kubelet.attempt(claim), claim).error:
            found += [f"{text} with {str(config)[:120]}" for text in sorted(powers(harness, claim) - allowed)]
        else:
            harness.release(claim)
    each(found[:5], wanted="what good parameters give", where="CDI edits with hostile parameters")


def variations(parameters: JsonObject) -> Iterator[JsonObject]:
    """PARAMETERS with a hostile text in place of one text each, but for version and kind."""
    for path in texts_in(parameters):
        if path[-1] in ("apiVersion", "kind"):
            continue
        for hostile in HOSTILE:
            copy = json.loads(json.dumps(parameters))
            place: Any = copy
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = hostile
            yield copy


def texts_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts are in a JSON value."""
    if isinstance(value, str):
        yield path
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from texts_in(member, (*path, key))


def powers(harness: Harness, claim: Claim) -> set[str]:
    """Paths, hooks and variable names that a container gets with a claim; the claim is released."""
    found: set[str] = set()
    for name in prepared_ids(harness, claim):
        for edits in harness.cdi.edits(name):
            found |= {f"mount {mount.get('hostPath')}" for mount in edits.get("mounts") or []}
            found |= {
                f"node {node.get('hostPath', node.get('path'))}" for node in edits.get("deviceNodes") or []
            }
            found |= {f"hook {hook.get('path')} {hook.get('args')}" for hook in edits.get("hooks") or []}
            found |= {f"variable {entry.partition('=')[0]}" for entry in edits.get("env") or []}
            found |= {"a variable with a line break" for entry in edits.get("env") or [] if "\n" in entry}
    harness.release(claim)
    return {text.replace(claim.uid, "(uid)") for text in found}
