"""Message classes that protobuf's C runtime builds from the tables, in a descriptor pool of their own.

A table's classes are built at its first protobuf request, so a cluster that serves only JSON pays nothing. A field is named
after its number (``f3``), because some JSON names, such as ``$ref``, are not allowed in a descriptor.
"""

from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from kube_emulator.apiserver.schema import kinds

BUILTIN = {
    "Time": ("int64", "int32"),
    "MicroTime": ("int64", "int32"),
    "Quantity": ("string",),
    "IntOrString": ("int64", "int32", "string"),
    "RawExtension": ("[]byte",),
    "FieldsV1": ("[]byte",),
    "TypeMeta": ("string", "string"),
    "Unknown": ("TypeMeta", "[]byte", "string", "string"),
}
"""{message: types of its fields, numbered from 1} of the messages that all groups share (k8s.io/apimachinery v0.36.3: runtime,
api/resource, util/intstr, meta/v1 generated.proto)."""

SCALAR_TYPES: dict[str, FieldDescriptorProto.Type.ValueType] = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "float64": FieldDescriptorProto.TYPE_DOUBLE,
    "[]byte": FieldDescriptorProto.TYPE_BYTES,
}

_pool = DescriptorPool()


@cache
def message_class(name: str) -> Any:
    """The class of a message by its full name in the tables (``core_v1.Pod``) or in BUILTIN (``Unknown``)."""
    file, _, short = name.rpartition(".")
    _add_file(file)
    return GetMessageClass(_pool.FindMessageTypeByName(f"{file or 'builtin'}.{short}"))


@cache
def _add_file(name: str) -> str:
    """Add the table NAME (empty: the builtin messages) and those that it refers to; returns the name of its file."""
    file = FileDescriptorProto(name=f"{name or 'builtin'}.proto", package=name or "builtin", syntax="proto2")
    if name:
        messages = kinds.table(name).messages
        needed = {_home(field.type) for message in messages.values() for field in message.wire}
        file.dependency.extend(
            _add_file(other) for other in sorted(needed - {name, None}, key=str) if other is not None
        )
        for short, message in messages.items():
            _describe(file.message_type.add(name=short), message)
    else:
        for short, types in BUILTIN.items():
            proto = file.message_type.add(name=short)
            for number, each in enumerate(types, 1):
                _typed(proto.field.add(name=f"f{number}", number=number, label=_OPTIONAL), each)
    _pool.AddSerializedFile(file.SerializeToString())
    return file.name


_OPTIONAL, _REPEATED = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED


def _home(type_name: str) -> str | None:
    """The table of a field's type; empty for a builtin message, None for a scalar."""
    return None if type_name in kinds.SCALARS else type_name.rpartition(".")[0]


def _describe(proto: DescriptorProto, message: kinds.TypeInfo) -> None:
    """Fill PROTO with the fields of MESSAGE."""
    scope = f".{message.name}"
    for each in message.wire:
        name = f"f{each.number}"
        many = (each.repeated and not each.wrapped) or each.map
        field = proto.field.add(name=name, number=each.number, label=_REPEATED if many else _OPTIONAL)
        item = field
        if each.map:
            entry = proto.nested_type.add(name=f"F{each.number}Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=_OPTIONAL, type=SCALAR_TYPES["string"])
            item = entry.field.add(name="value", number=2, label=_OPTIONAL)
            _typed(field, f"{scope}.{entry.name}")
        if each.wrapped:
            wrapper = proto.nested_type.add(name=f"Items{each.number}")
            _typed(item, f"{scope}.{wrapper.name}")
            item = wrapper.field.add(name="items", number=1, label=_REPEATED)
        _typed(item, each.type)


def _typed(field: FieldDescriptorProto, type_name: str) -> None:
    """Set the type of FIELD: a scalar, a message of the tables, a builtin message, or a fully qualified one (``.a.B``)."""
    if type_name in SCALAR_TYPES:
        field.type = SCALAR_TYPES[type_name]
        return
    field.type = FieldDescriptorProto.TYPE_MESSAGE
    if type_name.startswith("."):
        field.type_name = type_name
    else:
        field.type_name = f".{type_name}" if "." in type_name else f".builtin.{type_name}"
