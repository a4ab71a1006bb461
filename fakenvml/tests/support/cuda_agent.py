"""A program on libcuda.so.1 that calls what it is asked to: one call a line, as JSON, by ``CudaProcess``.

Standard library only, and alone in its file: it runs in a mount namespace of its own, with another /dev.
"""

import ctypes
import json
import sys
from typing import Any

library = ctypes.CDLL(sys.argv[1])


def argument(value: Any) -> Any:
    """A number as it is; ``out`` is a place for a number; ``room`` for bytes; ``data`` is bytes."""
    if isinstance(value, int):
        return ctypes.c_uint64(value)
    if value is None:
        return None
    kind, content = value
    if kind == "out":
        return ctypes.pointer(ctypes.c_uint64())
    return (
        ctypes.create_string_buffer(content)
        if kind == "room"
        else ctypes.create_string_buffer(bytes.fromhex(content))
    )


for line in sys.stdin:
    name, given = json.loads(line)
    arguments = [argument(value) for value in given]
    code = getattr(library, name)(*arguments)
    answer: list[Any] = [code]
    for value, made in zip(given, arguments, strict=True):
        if isinstance(value, list) and value[0] == "out":
            answer.append(made.contents.value)
        elif isinstance(value, list) and value[0] == "room":
            answer.append(made.raw.hex())
    print(json.dumps(answer), flush=True)  # noqa: T201 # its answer
