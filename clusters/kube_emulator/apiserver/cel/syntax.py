"""The tree of a parsed expression: cel.expr.ParsedExpr (cel.dev/expr 0.25, syntax.proto).

The C++ library exports and imports a tree only in serialized form, and ships no Python messages for it. The fields that
checker, cost estimate and rewriting need are declared here; fields that are not declared survive as unknown ones.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TYPES = {"string": 9, "int64": 3, "int32": 5, "uint64": 4, "double": 1, "bool": 8, "bytes": 12, "enum": 5}
"""Wire types (descriptor.proto FieldDescriptorProto.Type); an enum is read as its number."""

MESSAGES = {
    "Constant": "?null_value:1:enum ?bool_value:2:bool ?int64_value:3:int64 ?uint64_value:4:uint64"
    " ?double_value:5:double ?string_value:6:string ?bytes_value:7:bytes",
    "Ident": "name:1:string",
    "Select": "operand:1:Expr field:2:string test_only:3:bool",
    "Call": "target:1:Expr function:2:string *args:3:Expr",
    "CreateList": "*elements:1:Expr *optional_indices:2:int32",
    "Entry": "id:1:int64 ?field_key:2:string ?map_key:3:Expr value:4:Expr optional_entry:5:bool",
    "CreateStruct": "message_name:1:string *entries:2:Entry",
    "Comprehension": "iter_var:1:string iter_range:2:Expr accu_var:3:string accu_init:4:Expr loop_condition:5:Expr"
    " loop_step:6:Expr result:7:Expr iter_var2:8:string",
    "Expr": "id:2:int64 ?const_expr:3:Constant ?ident_expr:4:Ident ?select_expr:5:Select ?call_expr:6:Call"
    " ?list_expr:7:CreateList ?struct_expr:8:CreateStruct ?comprehension_expr:9:Comprehension",
    "Position": "key:1:int64 value:2:int32",
    "SourceInfo": "*positions:4:Position",
    "ParsedExpr": "expr:2:Expr source_info:3:SourceInfo",
    "Any": "type_url:1:string value:2:bytes",
}
"""{message: its fields as ``name:number:type``; ``*`` is repeated, ``?`` is a member of the message's oneof}."""


def _declare() -> Any:
    """The messages, in a pool of their own so that they cannot collide with another copy."""
    file = descriptor_pb2.FileDescriptorProto(name="tree.proto", package="tree", syntax="proto3")
    for message, fields in MESSAGES.items():
        declared = file.message_type.add(name=message)
        if "?" in fields:
            declared.oneof_decl.add(name="kind")
        for text in fields.split():
            name, number, kind = text.lstrip("*?").split(":")
            field = declared.field.add(name=name, number=int(number), label=3 if text[0] == "*" else 1)
            if kind in TYPES:
                field.type = TYPES[kind]  # type: ignore[assignment] # the stubs want the enum's own type
            else:
                field.type, field.type_name = 11, f".tree.{kind}"  # type: ignore[assignment] # as above
            if text[0] == "?":
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tree.{name}")) for name in MESSAGES
    }


CLASSES: Any = _declare()
"""{message: its class}."""


def read(serialized: bytes) -> Any:
    """The ParsedExpr in an ``Expression.serialize()``."""
    envelope = CLASSES["Any"].FromString(serialized)
    return CLASSES[envelope.type_url.rpartition(".")[2]].FromString(envelope.value)


def write(tree: Any) -> bytes:
    """TREE in the form that ``Env.deserialize`` reads."""
    name = tree.DESCRIPTOR.name
    envelope = CLASSES["Any"](type_url=f"type.googleapis.com/cel.expr.{name}", value=tree.SerializeToString())
    serialized: bytes = envelope.SerializeToString()
    return serialized


def children(node: Any) -> list[Any]:
    """The expressions directly below NODE."""
    match node.WhichOneof("kind"):
        case "select_expr":
            return [node.select_expr.operand]
        case "call_expr":
            call = node.call_expr
            return [*([call.target] if call.HasField("target") else []), *call.args]
        case "list_expr":
            return list(node.list_expr.elements)
        case "struct_expr":
            entries = node.struct_expr.entries
            keys = [entry.map_key for entry in entries if entry.WhichOneof("kind") == "map_key"]
            return [*keys, *(entry.value for entry in entries)]
        case "comprehension_expr":
            loop = node.comprehension_expr
            return [
                loop.iter_range,
                loop.accu_init,
                loop.loop_condition,
                loop.loop_step,
                loop.result,
            ]
    return []


def nodes(root: Any) -> list[Any]:
    """ROOT and all expressions below it, parents first."""
    found, ahead = [], [root]
    while ahead:
        node = ahead.pop()
        found.append(node)
        ahead += reversed(children(node))
    return found
