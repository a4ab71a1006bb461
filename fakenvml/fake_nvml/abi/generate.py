"""Writes ``shim/entries_generated.c`` and ``structures_generated.py`` from the tables; ``--check`` says whether they are stale.

Each entry point becomes a row of data and a function of three lines that hands its arguments to ``fake_nvml_call``.
Run it with ``python -m fake_nvml.abi.generate``.
"""

import argparse
import sys
from pathlib import Path

from fake_nvml.abi import codes, generate_types, layout, table
from fake_nvml.abi.kinds import ParamKind

OUTPUT = Path(__file__).parent.parent / "shim" / "entries_generated.c"
BANNER = """/* Made by: python -m fake_nvml.abi.generate, from abi/functions.txt, abi/structs.txt and abi/codes.py. Do not edit. */
#include "plain.h"

const uint32_t fake_nvml_abi = 0x%08xu;
const uint32_t fake_nvml_entries = %du;
const uint32_t fake_nvml_init = %du, fake_nvml_version = %du;
"""
C_TYPES = {ParamKind.NUMBER32: "unsigned int", ParamKind.NUMBER64: "unsigned long long"}


def row(param: table.Param) -> str:
    """One parameter as C data."""
    words = [layout.version_word(name) for name in param.types] if param.kind is ParamKind.VERSIONED else []
    listed = ", ".join(f"0x{word:08x}u" for word in words) or "0"
    array = f"{param.count_at}, {param.pointer_at}, {param.element}"
    head = f"KIND_{param.kind.name}, {param.arg}, {param.other}, {len(words)}, {param.size}, {param.key}"
    return f"    {{{head}, {array}, {{{listed}}}}},"


def entry(function: table.Function) -> str:
    """One entry point: its row and its function."""
    types: dict[int, str] = {}
    for param in function.params:
        types[param.arg] = C_TYPES.get(param.kind, "const void *")
        if param.kind is ParamKind.BUFFER:
            types[param.other] = "unsigned int"
        elif param.kind is ParamKind.SIZED_BUFFER:
            types[param.other] = "const void *"
    arguments = ", ".join(f"{types[arg]} a{arg}" for arg in sorted(types)) or "void"
    values = ", ".join(
        f"(uint64_t)(uintptr_t)a{arg}" if types[arg] == "const void *" else f"a{arg}" for arg in sorted(types)
    )
    lines = (
        [f"static const param_t params_{function.id}[] = {{", *map(row, function.params), "};"]
        if types
        else []
    )
    params = f"params_{function.id}" if types else "0"
    count, asks = len(function.params), int(function.asks)
    # what is written by hand is exported there, and calls this
    head, name = ("HIDDEN", f"fake_{function.name}") if function.by_hand else ("EXPORT", function.name)
    call = "fake_nvml_plain" if function.plain and not asks else "fake_nvml_call"
    seed = f"0x{table.seed_of(function):016x}ull"
    lines += [
        f"{head} unsigned int {name}({arguments}) {{",
        f"    static const entry_t entry = {{{function.id}, {count}, {asks}, {seed}, {params}}};",
        f"    const uint64_t args[] = {{{values or 0}}};",
        f"    return {call}(&entry, args);",
        "}",
    ]
    return "\n".join(lines)


def error_strings() -> str:
    """The texts of the return codes."""
    cases = "\n".join(f'    case {code.value}: return "{codes.TEXTS[code]}";' for code in codes.Code)
    return (
        f"EXPORT const char *nvmlErrorString(unsigned int code) {{\n    switch (code) {{\n{cases}\n"
        '    default: return "Unknown Error";\n    }\n}'
    )


def make() -> str:
    """The whole C file."""
    entries = [entry(function) for function in table.by_id() if function.params or not function.by_hand]
    numbers = [table.functions()[name].id for name in ("nvmlInitWithFlags", "nvmlSystemGetNVMLVersion")]
    banner = BANNER % (table.checksum(), len(table.by_id()), *numbers)
    return banner + "\n" + "\n\n".join([*entries, error_strings()]) + "\n"


def wanted() -> dict[Path, str]:
    """All generated files."""
    return {OUTPUT: make(), generate_types.OUTPUT: generate_types.make()}


def main() -> int:
    """Write the files, or with ``--check`` compare them; 1 if one is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    arguments = parser.parse_args()
    stale = {path: text for path, text in wanted().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        if arguments.check:
            print(f"stale: {path}; run python -m fake_nvml.abi.generate", file=sys.stderr)  # noqa: T201
        else:
            path.write_text(text)
    return int(arguments.check and bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
