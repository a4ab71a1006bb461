"""The kinds of parameters that NVML's functions have: which way a value goes, and where its length is.

``functions.txt`` spells a kind as one letter, which is the value of the member here; C code spells it ``KIND_`` and the
member's name (shim/shim.h). Everything else uses the names.
"""

from enum import StrEnum


class ParamKind(StrEnum):
    """How one parameter is passed."""

    HANDLE = "h"
    """A handle of a device, an instance, an event set or a sample; an input."""
    NUMBER32 = "u"
    """A 32-bit number or an enumeration; an input."""
    NUMBER64 = "U"
    """A 64-bit number; an input."""
    STRING = "s"
    """A C string; an input."""
    VERSIONED = "v"
    """A structure whose first word is its version; input and output."""
    UNVERSIONED = "x"
    """A structure without a version word; input and output."""
    WITH_ARRAY = "c"
    """A structure without a version word that an array follows in memory; input and output."""
    READ_ONLY = "i"
    """A structure or number behind a pointer that the call only reads; an input."""
    OUTPUT = "o"
    """A structure or number behind a pointer that the call writes."""
    OPTIONAL_OUTPUT = "O"
    """An output whose pointer may be NULL: the caller does not want it."""
    BUFFER = "b"
    """Bytes that the call writes; the next parameter is the size of the buffer."""
    SIZED_BUFFER = "B"
    """Bytes that the call writes; the next parameter points to the size: of the buffer, then of the value."""
    COUNT = "n"
    """The number of elements of the array: how many fit, then how many there are. INSUFFICIENT_SIZE if there are more."""
    COUNT_OUTPUT = "m"
    """The number of elements of the array, written only: NVML trusts that the array is large enough."""
    NULL_QUERY = "p"
    """A COUNT where a NULL array asks for the number, and that is SUCCESS."""
    ZERO_QUERY = "z"
    """A COUNT where 0 asks for the number, and that is SUCCESS; otherwise as many elements are written as fit."""
    FILLED = "f"
    """A COUNT where a NULL array asks for the number, and that is SUCCESS; otherwise as many elements are written as fit."""
    ARRAY = "a"
    """The array that a counter belongs to; an output."""
    SIZED_ARRAY = "w"
    """An array whose length is a number among the inputs; an output."""
    UPDATED_ARRAY = "A"
    """An array whose length is a number among the inputs; input and output."""


_K = ParamKind
INTEGERS = frozenset({_K.HANDLE, _K.NUMBER32, _K.NUMBER64})
"""Passed by value."""
SCALARS = INTEGERS | {_K.STRING}
"""Inputs that select the published answer as a whole; of a VERSIONED structure only the first bytes do."""
SENT = frozenset({_K.READ_ONLY, _K.UNVERSIONED, _K.WITH_ARRAY})
"""Inputs of any content: a call that has one is never published, it goes to the daemon."""
INPUTS = SCALARS | SENT | {_K.VERSIONED, _K.UPDATED_ARRAY}
COUNTERS = frozenset({_K.COUNT, _K.COUNT_OUTPUT, _K.NULL_QUERY, _K.ZERO_QUERY, _K.FILLED})
BUFFERS = frozenset({_K.BUFFER, _K.SIZED_BUFFER})
STRUCTURES = frozenset({_K.VERSIONED, _K.OUTPUT, _K.OPTIONAL_OUTPUT, _K.UNVERSIONED})
"""Outputs of a fixed layout."""
OUTPUTS = STRUCTURES | BUFFERS | COUNTERS | {_K.ARRAY, _K.SIZED_ARRAY, _K.UPDATED_ARRAY, _K.WITH_ARRAY}
PLAIN = INTEGERS | {_K.OUTPUT, _K.VERSIONED, _K.BUFFER}
"""Parameters of fixed size, for which the library has its fast path (shim/plain.h)."""
