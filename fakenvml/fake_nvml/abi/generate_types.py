"""Writes ``structures_generated.py``: a TypedDict for each structure of ``structs.txt``, which is what getters return.

``nvmlPciInfo_t`` is ``PciInfo`` there and ``nvmlMemory_v2_t`` is ``MemoryV2``. All fields are optional, because what an answer leaves
out is zero. A pointer that leads to an array (functions.txt) is the list of its elements.
"""

import re
from pathlib import Path

from fake_nvml.abi import layout, table

OUTPUT = Path(__file__).parent / "structures_generated.py"
BANNER = '''"""The structures of NVML as getters return them. Made by: python -m fake_nvml.abi.generate. Do not edit."""

from collections.abc import Sequence
from typing import TypedDict
'''
TEXT, NUMBERS, FLOATS = "str | bytes", "int", "float"


def class_name(structure: str) -> str:
    """The name of a structure's TypedDict."""
    plain = structure.removeprefix("nvml").removesuffix("_t")
    return re.sub(r"_v(\d+)$", r"V\1", plain).replace("_", "")


def pointers() -> dict[tuple[str, str], str]:
    """{(structure, field): type of the elements} of the pointers that lead to arrays."""
    params = [param for function in table.by_id() for param in function.params if param.pointer_field]
    return {(name, param.pointer_field): param.array for param in params for name in param.types}


def value_type(kind: str) -> str:
    """What a field of type KIND takes, as an annotation."""
    match = re.fullmatch(r"(.+?)((?:\[\d+\])*)", kind)
    assert match is not None, kind
    inner, counts = match[1], match[2].count("[")
    if inner == "c" and counts:
        base, counts = TEXT, counts - 1
    elif inner in layout.PRIMITIVES:
        base = FLOATS if inner in ("f32", "f64") else NUMBERS
    else:
        base = f'"{class_name(inner)}"'
    return "Sequence[" * counts + base + "]" * counts


def typed_dict(structure: str, fields: list[str], arrays: dict[tuple[str, str], str]) -> str:
    """One class."""
    rows = []
    for text in fields:
        if text == "union":
            continue
        name, _, kind = text.partition(":")
        array = arrays.get((structure, name))
        rows.append(f"    {name}: {f'Sequence[{value_type(array)}]' if array else value_type(kind)}")
    head = f'class {class_name(structure)}(TypedDict, total=False):\n    """{structure}."""\n'
    return "\n".join([head, *rows])


def make() -> str:
    """The whole file."""
    arrays = pointers()
    known = {name: fields for name, (_, fields) in layout.lines().items()}
    return "\n\n".join([BANNER, *(typed_dict(name, fields, arrays) + "\n" for name, fields in known.items())])
