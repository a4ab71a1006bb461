"""Pure: converts the types whose JSON differs from their protobuf message, in both directions.

Each pair is ``put(message, JSON value)`` and ``take(message) -> JSON value``. None is a zero of Go that JSON does not show (no
time, no raw bytes). Facts: k8s.io/apimachinery v0.36.3 (meta/v1/time_proto.go, micro_time_proto.go,
api/resource/quantity_proto.go, util/intstr/intstr.go) and apiextensions/v1/marshal.go.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from math import floor
from typing import Any

from kube_emulator.apiserver.schema.quantity import canonical
from kube_emulator.apiserver.schema.times import shown

Put = Callable[[Any, Any], None]
Take = Callable[[Any], Any]

INT, STRING = 0, 1
"""IntOrString.type."""


def compact(value: Any) -> bytes:
    """VALUE as the JSON of a raw field, without blanks as Go writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def put_time(message: Any, value: Any) -> None:
    """Whole seconds: a Time drops fractions in JSON and in protobuf."""
    if value is not None:
        message.f1, message.f2 = floor(datetime.fromisoformat(value).timestamp()), 0


def take_time(message: Any) -> Any:
    """RFC 3339 in UTC."""
    return _taken("Time", message)


def put_micro_time(message: Any, value: Any) -> None:
    """Microseconds."""
    if value is not None:
        moment = datetime.fromisoformat(value)
        message.f1, message.f2 = floor(moment.replace(microsecond=0).timestamp()), moment.microsecond * 1000


def take_micro_time(message: Any) -> Any:
    """RFC 3339 in UTC, always with six digits."""
    return _taken("MicroTime", message)


def _taken(type_name: str, message: Any) -> Any:
    if not (message.HasField("f1") or message.HasField("f2")):
        return None
    moment = datetime.fromtimestamp(message.f1, UTC)
    return shown(type_name, moment.replace(microsecond=message.f2 // 1000 if type_name == "MicroTime" else 0))


def put_quantity(message: Any, value: Any) -> None:
    """A quantity is written as a text; in JSON it can be a number too."""
    message.f1 = "0" if value is None else str(value)


def take_quantity(message: Any) -> Any:
    """Always a string, in canonical form.

    Raises:
        ValueError: it is not a quantity.
    """
    return canonical(message.f1) if message.f1 else "0"


def put_int_or_string(message: Any, value: Any) -> None:
    """All three members are written, as Go does: none of them is a pointer."""
    text = isinstance(value, str)
    message.f1, message.f2, message.f3 = (STRING, 0, value) if text else (INT, value or 0, "")


def take_int_or_string(message: Any) -> Any:
    """The member that ``type`` selects."""
    return message.f3 if message.f1 == STRING else message.f2


def put_raw(message: Any, value: Any) -> None:
    """Any JSON."""
    if value is not None:
        message.f1 = compact(value)


def take_raw(message: Any) -> Any:
    """Any JSON.

    Raises:
        ValueError: the bytes are not JSON.
    """
    return json.loads(message.f1) if message.f1 else None


SPECIAL: dict[str, tuple[Put, Take]] = {
    "Time": (put_time, take_time),
    "MicroTime": (put_micro_time, take_micro_time),
    "Quantity": (put_quantity, take_quantity),
    "IntOrString": (put_int_or_string, take_int_or_string),
    "RawExtension": (put_raw, take_raw),
    "FieldsV1": (put_raw, take_raw),
    "apiextensions_v1.JSON": (put_raw, take_raw),
}


def put_schema_or(name: str, put: Put) -> Put:
    """Writes a schema or what is allowed instead of one: a bool, several schemas, property names (marshal.go).

    ``JSONSchemaPropsOrBool`` has the bool first and the schema second, the others have the schema first.
    """

    def written(message: Any, value: Any) -> None:
        many = message.f2 if name != "JSONSchemaPropsOrBool" else None
        schema_field = message.f2 if many is None else message.f1
        if many is None:
            # decoding a schema sets the bool too (UnmarshalJSON: Allows)
            message.f1 = bool(value) or isinstance(value, dict)
        if isinstance(value, dict):
            schema_field.SetInParent()
            put(schema_field, value)
        elif isinstance(value, list) and name == "JSONSchemaPropsOrArray":
            for item in value:
                put(message.f2.add(), item)
        elif isinstance(value, list):
            message.f2.extend(value)

    return written


def take_schema_or(name: str, take: Take) -> Take:
    """Reads what ``put_schema_or`` writes."""

    def read(message: Any) -> Any:
        if name == "JSONSchemaPropsOrBool":
            return take(message.f2) if message.HasField("f2") else message.f1
        if len(message.f2):
            return (
                [take(item) for item in message.f2] if name == "JSONSchemaPropsOrArray" else list(message.f2)
            )
        return take(message.f1) if message.HasField("f1") else None

    return read
