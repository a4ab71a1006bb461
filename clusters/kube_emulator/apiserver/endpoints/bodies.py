"""How the body of a request becomes a value: JSON, YAML or protobuf, within bounds.

A refusal is a 400, with the message of the real server where clients show it.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml
from aiohttp import web

from kube_emulator.apiserver.endpoints.negotiation import Media
from kube_emulator.apiserver.schema import findings
from kube_emulator.apiserver.schema.findings import DecodingError, parse
from kube_emulator.apiserver.schema.protobuf import ProtobufError, decode
from kube_emulator.apiserver.status import ApiError, bad_request

BODY_MAX = 3 << 20
"""Bytes of a request; a real server refuses more than 3 MiB too (genericapiserver MaxRequestBodyBytes)."""

BODY_S = 60.0
"""Seconds within which a body must arrive."""

ALIASES_MAX = 100
"""Aliases in a YAML document."""

EXPANDED_MAX = 1_000_000
"""Values in a YAML document with aliases: each may repeat a big part, so a short text could become a huge value."""

YAML_INLINE_MAX = 128 << 10
"""Bytes of YAML up to which reading it does not hold up other requests; more is read in a thread."""


class Loader(yaml.CSafeLoader):
    """YAML as ``sigs.k8s.io/yaml`` reads it: dates and ``1:30`` stay texts, ``1e3`` is a number."""


SCALARS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)$"),
    "tag:yaml.org,2002:float": re.compile(
        r"([-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"
    ),
}
Loader.yaml_implicit_resolvers = {
    letter: [
        (tag, SCALARS.get(tag, pattern)) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"
    ]
    for letter, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


async def read_raw(request: web.Request) -> bytes:
    """The bytes of the body.

    Raises:
        ApiError: 400, it is broken; 408, it does not come; 413, it is too big.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError as error:
        raise ApiError(408, f"the body of the request did not come within {BODY_S:.0f} s") from error
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError(413, f"Request entity too large: limit is {BODY_MAX}") from error
    except web.RequestPayloadError as error:
        raise bad_request(f"the body of the request cannot be read: {error}") from error


def parse_json(raw: bytes) -> Any:
    """A JSON value.

    Raises:
        ValueError: it is none; the text is Go's for the common cases.
    """
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(go_message(raw, str(error))) from error


def go_message(raw: bytes, why: str) -> str:
    """Why RAW is no JSON, with Go's message for the common cases."""
    text = raw.strip()
    if not text or "truncated" in why:
        return "unexpected end of JSON input"
    if text[:1] not in b'{["-0123456789tfn':
        return f"invalid character '{text.decode('utf-8', 'replace')[:1]}' looking for beginning of value"
    return why


def parse_yaml(raw: bytes) -> Any:
    """A YAML value; what begins as JSON is read as JSON.

    Raises:
        ValueError: it is none.
    """
    if raw.lstrip()[:1] == b"{":
        try:
            return parse_json(raw)
        except ValueError:  # a flow mapping of YAML may begin so too
            pass
    try:
        if b"*" in raw:
            events = yaml.parse(raw, Loader=Loader)
            if sum(isinstance(event, yaml.AliasEvent) for event in events) > ALIASES_MAX:
                message = "error converting YAML to JSON: yaml: document contains excessive aliasing"
                raise ValueError(message)
        value = yaml.load(raw, Loader=Loader)  # noqa: S506 # the loader is a safe one
        if b"*" in raw and expanded(value, {}) > EXPANDED_MAX:
            message = "error converting YAML to JSON: yaml: document contains excessive aliasing"
            raise ValueError(message)
        return as_json(value)
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        message = f"error converting YAML to JSON: yaml: {error}"
        raise ValueError(message) from error


def expanded(value: Any, known: dict[int, int]) -> int:
    """How many values there are in VALUE, where what an alias names counts as often as it is named."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = EXPANDED_MAX + 1  # one that contains itself is refused
        members = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(expanded(member, known) for member in members)
    return known[id(value)]


def as_json(value: Any) -> Any:
    """A YAML value as JSON has it: members have texts for names.

    Raises:
        ValueError: JSON has nothing like it.
        RecursionError: it contains itself.
    """
    if isinstance(value, dict):
        return {key_text(key): as_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, bytes):
        return value.decode()
    if value is None or isinstance(value, str | int | float):
        return value
    message = f"error converting YAML to JSON: yaml: JSON has no {type(value).__name__}"
    raise ValueError(message)


def key_text(key: Any) -> str:
    """The name of a member.

    Raises:
        ValueError: it can be none.
    """
    if isinstance(key, str):
        return key
    if isinstance(key, bool | int | float):
        return msgspec.json.encode(key).decode()
    message = f"error converting YAML to JSON: unsupported map key: {key!r}"
    raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Converted:
    """A big YAML body as JSON.

    Attributes:
        repeated: see ``repeated_keys``.
    """

    raw: bytes
    repeated: list[str]


async def converted(raw: bytes) -> Converted | None:
    """A YAML body that is too big to be read beside other requests; None if it is malformed, which is found out again later.

    The parser gives way to other threads between two values.
    """

    def convert() -> Converted | None:
        try:
            return Converted(msgspec.json.encode(parse_yaml(raw)), repeated_keys(raw))
        except ValueError:
            return None

    return await asyncio.to_thread(convert)


def read_object(raw: bytes, media: Media, kind: str) -> dict[str, Any]:
    """The object of a KIND in a body.

    Raises:
        ApiError: 400, it is none.
    """
    try:
        if media == "protobuf":
            return decode(raw)
        value = parse_yaml(raw) if media == "yaml" else parse_json(raw)
    except (ValueError, ProtobufError) as error:
        raise unrecognized(kind, f"couldn't get version/kind; json parse error: {error}", raw) from error
    if not isinstance(value, dict):
        name = {list: "array", str: "string", bool: "bool", type(None): "null"}.get(type(value), "number")
        why = (
            f"couldn't get version/kind; json parse error: json: cannot unmarshal {name} into Go value of type struct "
            '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
        )
        raise unrecognized(kind, why, raw)
    return value


def unrecognized(kind: str, why: str, raw: bytes) -> ApiError:
    """The body is no object."""
    if not raw:
        return bad_request(f"the object provided is unrecognized (must be of type {kind}): {why} (<empty>)")
    return bad_request(findings.unrecognized(kind, why, raw))


def read_patch(raw: bytes, *, applies: bool) -> Any:
    """The value of a patch.

    Raises:
        ApiError: 400, it is none.
    """
    try:
        return parse_yaml(raw) if applies else parse_json(raw)
    except ValueError as error:
        raise bad_request(f"error decoding {'YAML' if applies else 'patch'}: {error}") from error


def repeated_keys(raw: bytes) -> list[str]:
    """``line N: key "x" already set in map`` for each key that is repeated in the YAML or JSON of an apply (Go's yaml)."""
    if raw.lstrip()[:1] == b"{":
        try:
            if type(found := parse_json(raw)) is dict and with_duplicates(raw, found) is found:
                return []
        except ValueError:  # a flow mapping of YAML: its nodes are walked below
            pass
    found_lines: list[str] = []
    walked: set[int] = set()

    def walk(node: yaml.Node) -> None:
        if id(node) in walked:  # an alias leads to the same node
            return
        walked.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    line = key.start_mark.line + 1
                    found_lines.append(f'line {line}: key "{key.value}" already set in map')
                seen.add(str(key.value))
                walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item)

    if (root := yaml.compose(raw, Loader=Loader)) is not None:
        walk(root)
    return found_lines


def with_duplicates(raw: bytes, value: Any) -> Any:
    """VALUE, read from the JSON RAW, with duplicate members of objects remembered.

    Ends of names are counted first, in RAW and in VALUE encoded again: that is cheap, and nearly always proves that there are none.
    """
    if b'" :' not in raw and raw.count(b'":') == msgspec.json.encode(value).count(b'":'):
        return value
    try:
        return parse(raw)
    except DecodingError:
        return value
