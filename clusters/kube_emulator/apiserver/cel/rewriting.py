"""Changes a checked tree, in place, into one that the C++ library can run.

* ``device`` is no plain object: a domain that the device does not have is an empty map, so lookups of domains always
  succeed, also optional ones and ``has`` (the mapper in dynamic-resource-allocation cel/compile.go).
* Functions whose names the library reserves get another name at run time (``RENAMED``).
* A Python function cannot return an optional or a time to the library: it returns a plain value, and the tree wraps the
  call in a conversion (``MADE``).
"""

from typing import Any

from kube_emulator.apiserver.cel.checker import Checked
from kube_emulator.apiserver.cel.library import Function
from kube_emulator.apiserver.cel.syntax import nodes

RENAMED = {
    "list_a_index_of_int": "@indexOf",
    "list_a_last_index_of_int": "@lastIndexOf",
    "string_index_of": "@indexOf",
    "string_last_index_of": "@lastIndexOf",
    "ip_to_string": "@string",
    "cidr_to_string": "@string",
    "@mapInsert_map_map": "@mapInsert",
    "@mapInsert_map_key_value": "@mapInsert",
}
"""{overload: the name of its function at run time}; the library reserves the usual ones."""
MADE = {
    "format-named": "optional.ofNonZeroValue",
    "format-validate": "optional.ofNonZeroValue",
    **{f"list_duration_{name}_duration": "duration" for name in ("sum", "max", "min")},
    **{f"list_timestamp_{name}_timestamp": "timestamp" for name in ("max", "min")},
}
"""{overload: the function that converts what Python returns to the result}."""


def inserted(entries: dict[Any, Any], *new: Any) -> dict[Any, Any]:
    """ENTRIES with a key and its value, or with those of another map.

    Raises:
        ValueError: a key exists already.
    """
    more = {new[0]: new[1]} if len(new) == 2 else new[0]
    for key in more:
        if key in entries:
            message = f"insert failed: key {key} already exists"
            raise ValueError(message)
    return {**entries, **more}


INSERT = [
    Function(
        "cel.@mapInsert", "@mapInsert_map_map", ("map(K, V)", "map(K, V)"), "dyn", inserted, member=False
    ),
    Function(
        "cel.@mapInsert", "@mapInsert_map_key_value", ("map(K, V)", "K", "V"), "dyn", inserted, member=False
    ),
    Function("indexOf", "string_index_of", ("string", "string"), "int", str.find),
    Function("indexOf", "string_index_of", ("string", "string", "int"), "int", str.find),
    Function("lastIndexOf", "string_last_index_of", ("string", "string"), "int", str.rfind),
]
"""Functions that the library lacks, or has under a name that lists need too."""


def adapt(tree: Any, checked: Checked, *, devices: bool = True) -> None:
    """Change TREE; see the module. DEVICES: it is about a device, whose domains are all there."""
    types = {key: str(kind) for key, kind in checked.types.items()} if devices else {}
    every = list(nodes(tree.expr))
    highest = max(node.id for node in every)
    for node in reversed(every):  # children first: a parent copies children that are adapted already
        highest += 4  # new nodes need ids of their own; a lookup adds up to four
        kind = node.WhichOneof("kind")
        if kind == "select_expr":
            if is_domains(types, node.select_expr.operand):
                lookup(node, node.select_expr.operand, highest)
        elif kind == "call_expr":
            call = node.call_expr
            if call.function in ("_[_]", "_[?_]", "_?._") and is_domains(types, call.args[0]):
                lookup(node, call.args[0], highest)
            else:
                rename(node, checked.overloads.get(node.id) or [], highest)


def is_domains(types: dict[int, str], node: Any) -> bool:
    """Whether NODE is ``device.attributes`` or ``device.capacity``, wherever it was bound: only these are maps of maps."""
    return types.get(node.id, "").startswith("map(string, map(")


def rename(node: Any, overloads: list[str], free: int) -> None:
    """Call the function by its name at run time."""
    call = node.call_expr
    own = [RENAMED[one] for one in overloads if one in RENAMED]
    # ``string(x)`` of an unknown type may be CEL's own or an address: the library's name then serves both
    if own and (call.function != "string" or len(own) == len(overloads)):
        call.function = own[0]
    elif overloads and overloads[0] in MADE:
        inner = type(node)()
        inner.CopyFrom(node)
        inner.id = free
        call.Clear()
        call.function = MADE[overloads[0]]
        call.args.add().CopyFrom(inner)


def lookup(node: Any, domains: Any, free: int) -> None:
    """Change NODE, a lookup in DOMAINS, to ``DOMAINS[?key].orValue({})``; an optional lookup wraps that in ``optional.of``."""
    selects = node.WhichOneof("kind") == "select_expr"
    if selects and node.select_expr.test_only:
        node.const_expr.bool_value = True  # every domain exists
        return
    optional = not selects and node.call_expr.function != "_[_]"
    found = type(node)(id=free)
    found.call_expr.function = "_[?_]"
    found.call_expr.args.add().CopyFrom(domains)
    key = found.call_expr.args.add()
    if selects:
        key.id = free - 1
        key.const_expr.string_value = node.select_expr.field
    else:
        key.CopyFrom(node.call_expr.args[1])
    value = type(node)(id=node.id)
    value.call_expr.target.CopyFrom(found)
    value.call_expr.function = "orValue"
    value.call_expr.args.add(id=free - 2).struct_expr.SetInParent()
    if not optional:
        node.CopyFrom(value)
        return
    value.id = free - 3
    node.call_expr.Clear()
    node.call_expr.function = "optional.of"
    node.call_expr.args.add().CopyFrom(value)
