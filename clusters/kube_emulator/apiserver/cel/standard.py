"""The signatures of CEL's own functions and of cel-go's extensions, for the checker.

After cel-go 0.26 common/stdlib, cel/library.go (optional types, version 2), ext/strings.go (version 2), ext/lists.go
(version 3) and ext/comprehensions.go. They run in the C++ library, which lacks only ``cel.@mapInsert``. Which of them a
release has is apiserver pkg/cel/environment/base.go: ``LISTS`` came with 1.34.
"""

from dataclasses import dataclass

from kube_emulator.apiserver.cel.types import Type, type_of


@dataclass(frozen=True, slots=True)
class Signature:
    """One overload."""

    overload: str
    parameters: tuple[Type, ...]
    result: Type
    member: bool = False


CORE = """
_?_:_ conditional bool A A -> A
_&&_ logical_and bool bool -> bool
_||_ logical_or bool bool -> bool
!_ logical_not bool -> bool
@not_strictly_false not_strictly_false bool -> bool
_==_ equals A A -> bool
_!=_ not_equals A A -> bool
_+_ add_bytes bytes bytes -> bytes
_+_ add_double double double -> double
_+_ add_duration_duration duration duration -> duration
_+_ add_duration_timestamp duration timestamp -> timestamp
_+_ add_timestamp_duration timestamp duration -> timestamp
_+_ add_int64 int int -> int
_+_ add_list list(A) list(A) -> list(A)
_+_ add_string string string -> string
_+_ add_uint64 uint uint -> uint
_-_ subtract_double double double -> double
_-_ subtract_duration_duration duration duration -> duration
_-_ subtract_int64 int int -> int
_-_ subtract_timestamp_duration timestamp duration -> timestamp
_-_ subtract_timestamp_timestamp timestamp timestamp -> duration
_-_ subtract_uint64 uint uint -> uint
_*_ multiply_double double double -> double
_*_ multiply_int64 int int -> int
_*_ multiply_uint64 uint uint -> uint
_/_ divide_double double double -> double
_/_ divide_int64 int int -> int
_/_ divide_uint64 uint uint -> uint
_%_ modulo_int64 int int -> int
_%_ modulo_uint64 uint uint -> uint
-_ negate_double double -> double
-_ negate_int64 int -> int
_[_] index_list list(A) int -> A
_[_] index_map map(A,B) A -> B
_[_] optional_list_index_int optional_type(list(A)) int -> optional_type(A)
_[_] optional_map_index_value optional_type(map(A,B)) A -> optional_type(B)
_[?_] list_optindex_optional_int list(A) int -> optional_type(A)
_[?_] optional_list_optindex_optional_int optional_type(list(A)) int -> optional_type(A)
_[?_] map_optindex_optional_value map(A,B) A -> optional_type(B)
_[?_] optional_map_optindex_optional_value optional_type(map(A,B)) A -> optional_type(B)
@in in_list A list(A) -> bool
@in in_map A map(A,B) -> bool
type type A -> type(A)
dyn to_dyn A -> dyn
.contains contains_string string string -> bool
.endsWith ends_with_string string string -> bool
.startsWith starts_with_string string string -> bool
matches matches string string -> bool
.matches matches_string string string -> bool
optional.of optional_of V -> optional_type(V)
optional.ofNonZeroValue optional_ofNonZeroValue V -> optional_type(V)
optional.none optional_none -> optional_type(V)
.value optional_value optional_type(V) -> V
.hasValue optional_hasValue optional_type(V) -> bool
.or optional_or_optional optional_type(V) optional_type(V) -> optional_type(V)
.orValue optional_orValue_value optional_type(V) V -> V
optional.unwrap optional_unwrap list(optional_type(V)) -> list(V)
.unwrapOpt optional_unwrapOpt list(optional_type(V)) -> list(V)
.first list_first list(V) -> optional_type(V)
.last list_last list(V) -> optional_type(V)
cel.@mapInsert @mapInsert_map_map map(K,V) map(K,V) -> map(K,V)
cel.@mapInsert @mapInsert_map_key_value map(K,V) K V -> map(K,V)
.charAt string_char_at_int string int -> string
.indexOf string_index_of_string string string -> int
.indexOf string_index_of_string_int string string int -> int
.lastIndexOf string_last_index_of_string string string -> int
.lastIndexOf string_last_index_of_string_int string string int -> int
.lowerAscii string_lower_ascii string -> string
.upperAscii string_upper_ascii string -> string
.replace string_replace_string_string string string string -> string
.replace string_replace_string_string_int string string string int -> string
.split string_split_string string string -> list(string)
.split string_split_string_int string string int -> list(string)
.substring string_substring_int string int -> string
.substring string_substring_int_int string int int -> string
.trim string_trim string -> string
.join list_join list(string) -> string
.join list_join_string list(string) string -> string
.format string_format string list(dyn) -> string
strings.quote strings_quote string -> string
.getHours duration_to_hours duration -> int
.getMinutes duration_to_minutes duration -> int
.getSeconds duration_to_seconds duration -> int
.getMilliseconds duration_to_milliseconds duration -> int
"""

LISTS = """
.slice list_slice list(T) int int -> list(T)
.flatten list_flatten list(list(T)) -> list(T)
.flatten list_flatten_int list(dyn) int -> list(dyn)
.reverse list_reverse list(T) -> list(T)
.distinct list_distinct list(T) -> list(T)
lists.range lists_range int -> list(int)
"""

AUTHORIZER = """
.path authorizer_path kubernetes.authorization.Authorizer string -> kubernetes.authorization.PathCheck
.check pathcheck_check_string kubernetes.authorization.PathCheck string -> kubernetes.authorization.Decision
.group authorizer_group kubernetes.authorization.Authorizer string -> kubernetes.authorization.GroupCheck
.serviceAccount authorizer_serviceaccount kubernetes.authorization.Authorizer string string -> kubernetes.authorization.Authorizer
.resource groupcheck_resource kubernetes.authorization.GroupCheck string -> kubernetes.authorization.ResourceCheck
.subresource resourcecheck_subresource kubernetes.authorization.ResourceCheck string -> kubernetes.authorization.ResourceCheck
.namespace resourcecheck_namespace kubernetes.authorization.ResourceCheck string -> kubernetes.authorization.ResourceCheck
.name resourcecheck_name kubernetes.authorization.ResourceCheck string -> kubernetes.authorization.ResourceCheck
.check resourcecheck_check_string kubernetes.authorization.ResourceCheck string -> kubernetes.authorization.Decision
.fieldSelector resourcecheck_fieldselector kubernetes.authorization.ResourceCheck string -> kubernetes.authorization.ResourceCheck
.labelSelector resourcecheck_labelselector kubernetes.authorization.ResourceCheck string -> kubernetes.authorization.ResourceCheck
.errored decision_errored kubernetes.authorization.Decision -> bool
.error decision_error kubernetes.authorization.Decision -> string
.allowed decision_allowed kubernetes.authorization.Decision -> bool
.reason decision_reason kubernetes.authorization.Decision -> string
"""
"""apiserver pkg/cel/library/authz.go: declared in every environment, unusable without a variable ``authorizer``."""

CONVERSIONS = {
    "bool": "bool string",
    "bytes": "bytes string",
    "double": "double int string uint",
    "duration": "duration int string",
    "int": "int double duration string timestamp uint",
    "string": "string bool bytes double duration int timestamp uint",
    "timestamp": "timestamp int string",
    "uint": "uint double int string",
}
OVERLOADS = {"int": "int64", "uint": "uint64"}
ORDERED = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration")
NUMBERS = ("int", "uint", "double")
COMPARISONS = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
TIMES = (
    *("FullYear", "Month", "DayOfYear", "DayOfMonth", "Date", "DayOfWeek", "Hours", "Minutes", "Seconds"),
    "Milliseconds",
)


def read(lines: str) -> list[tuple[str, Signature]]:
    """(name, signature) of each line; a leading dot marks a member function."""
    found = []
    for line in filter(None, lines.splitlines()):
        name, overload, *types = line.split(" ")
        *parameters, _, result = types
        signature = Signature(
            overload, tuple(map(type_of, parameters)), type_of(result), name.startswith(".")
        )
        found.append((name.removeprefix("."), signature))
    return found


def generated() -> str:
    """Lines for families of functions: conversions, comparisons, sizes and parts of times."""
    lines = []
    for result, sources in CONVERSIONS.items():
        lines += [
            f"{result} {OVERLOADS.get(s, s)}_to_{OVERLOADS.get(result, result)} {s} -> {result}"
            for s in sources.split()
        ]
    for name, operator in COMPARISONS.items():
        pairs = [(kind, kind) for kind in ORDERED]
        pairs += [(left, right) for left in NUMBERS for right in NUMBERS if left != right]
        for left, right in pairs:
            ids = [OVERLOADS.get(left, left)] + ([OVERLOADS.get(right, right)] if left != right else [])
            lines.append(f"{name} {operator}_{'_'.join(ids)} {left} {right} -> bool")
    for kind, text in (("bytes", "bytes"), ("list", "list(A)"), ("map", "map(A,B)"), ("string", "string")):
        lines += [f"size size_{kind} {text} -> int", f".size {kind}_size {text} -> int"]
    for part in TIMES:
        lines.append(f".get{part} timestamp_to_{part} timestamp -> int")
        lines.append(f".get{part} timestamp_to_{part}_with_tz timestamp string -> int")
    return "\n".join(lines)


def sorting() -> str:
    """Lines for ``sort`` and for the call that the macro ``sortBy`` expands to."""
    kinds = [(kind, {"timestamp": "google.protobuf.Timestamp"}.get(kind, kind)) for kind in ORDERED]
    return "\n".join(
        f".sort list_{word}_sort list({kind}) -> list({kind})\n"
        f".@sortByAssociatedKeys list_{word}_sortByAssociatedKeys list(T) list({kind}) -> list(T)"
        for kind, word in kinds
    )


def standard(*, lists: bool) -> dict[str, list[Signature]]:
    """{name: its overloads}; LISTS: cel-go's lists extension too."""
    found: dict[str, list[Signature]] = {}
    for name, signature in read(CORE + AUTHORIZER + generated() + (LISTS + sorting() if lists else "")):
        found.setdefault(name, []).append(signature)
    return found
