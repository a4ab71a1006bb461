"""Pure: types of CEL, whether a value of one is assignable to another, and what type parameters are bound to.

After cel-go 0.26 checker/types.go: ``dyn`` and ``any`` are assignable to everything, type parameters are bound to the most
general type that was found, and a parameter is never bound to a type that contains it.
"""

import functools
import re
from dataclasses import dataclass

TOKEN = re.compile(r"[^(),\s]+|[(),]")
NULLABLE = frozenset({"any", "duration", "timestamp"})


@dataclass(frozen=True, slots=True)
class Type:
    """A type: its name, what it holds, and whether it is a type parameter."""

    name: str
    holds: tuple["Type", ...] = ()
    free: bool = False

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.holds))})" if self.holds else self.name

    @property
    def anything(self) -> bool:
        """Whether nothing is known about such values."""
        return self.name in ("dyn", "any")

    @property
    def wild(self) -> bool:
        """Whether it is assignable to everything; an error is too, so that one mistake is reported once."""
        return self.name in ("dyn", "any", "!error!")


@functools.cache
def type_of(text: str) -> Type:
    """The type in a TEXT as CEL writes it; a single capital letter is a type parameter."""
    tokens = TOKEN.findall(text)

    def read() -> Type:
        name = tokens.pop(0)
        holds = []
        if tokens and tokens[0] == "(":
            while tokens.pop(0) != ")":
                holds.append(read())
        return Type(name, tuple(holds), len(name) == 1 and name.isupper())

    return read()


DYN, BOOL, INT, STRING, ERROR, NULL = map(type_of, ("dyn", "bool", "int", "string", "!error!", "null"))


def shown(kind: Type) -> str:
    """KIND as the API server names the type of a whole expression (types.Type.String)."""
    names = {"any": "google.protobuf.Any", "null": "null_type"}
    name = names.get(kind.name, kind.name)
    return f"{name}({', '.join(map(shown, kind.holds))})" if kind.holds else name


def as_general(left: Type, right: Type) -> bool:
    """Whether LEFT accepts at least what RIGHT accepts."""
    if left.anything or left.free:
        return True
    if right.anything or right.free:
        return False
    if left.name != right.name or len(left.holds) != len(right.holds):
        return False
    return left.name == "type" or all(map(as_general, left.holds, right.holds))


class Bindings:
    """What type parameters are bound to."""

    def __init__(self) -> None:
        self._known: dict[str, Type] = {}
        self._count = 0

    def fresh(self) -> Type:
        """A new parameter."""
        self._count += 1
        return Type(f"_var{self._count - 1}", (), True)

    def instance(self, kinds: tuple[Type, ...]) -> tuple[Type, ...]:
        """KINDS with new parameters in place of their own: each use of a function has its own bindings."""
        new: dict[str, Type] = {}

        def renamed(kind: Type) -> Type:
            if kind.free:
                return new.get(kind.name) or new.setdefault(kind.name, self.fresh())
            return Type(kind.name, tuple(map(renamed, kind.holds))) if kind.holds else kind

        return tuple(map(renamed, kinds))

    def resolved(self, kind: Type, *, closed: bool = False) -> Type:
        """KIND without parameters that are bound; CLOSED: free ones are ``dyn``."""
        if kind.free:
            if kind.name in self._known:
                return self.resolved(self._known[kind.name], closed=closed)
            return DYN if closed else kind
        if not kind.holds:
            return kind
        return Type(kind.name, tuple(self.resolved(held, closed=closed) for held in kind.holds))

    def takes(self, left: tuple[Type, ...], right: tuple[Type, ...]) -> bool:
        """Whether values of LEFT are assignable to RIGHT; if so, parameters are bound, if not, none is."""
        before = dict(self._known)
        if len(left) == len(right) and all(map(self._agree, left, right)):
            return True
        self._known = before
        return False

    def _agree(self, left: Type, right: Type) -> bool:
        if right.free:
            fits, bound = self._binds(left, right)
            if fits or bound:
                return fits
        if left.free:
            return self._binds(right, left)[0]
        if left.wild or right.wild:
            return True
        if "null" in (left.name, right.name):
            # null is assignable to wrappers, timestamps and messages, whose names have a dot (internalIsAssignableNull)
            other = right if left.name == "null" else left
            return other.name in NULLABLE | {"null"} or "." in other.name or other.name == "optional_type"
        if left.name != right.name:
            return False
        if left.name == "type":  # types of any two values may be compared
            return True
        return len(left.holds) == len(right.holds) and all(map(self._agree, left.holds, right.holds))

    def _binds(self, kind: Type, parameter: Type) -> tuple[bool, bool]:
        """Whether PARAMETER can be KIND, and whether that was decided by what it is bound to.

        A parameter that is bound to a narrower type is bound to the more general one.
        """
        if kind == parameter:
            return True, True
        known = self._known.get(parameter.name)
        if known is None:
            if self._within(parameter, kind):
                return False, False
            self._known[parameter.name] = kind
            return True, False
        if kind == known:
            return True, True
        if not self._agree(kind, known):
            return False, True
        general = kind if as_general(kind, known) else known
        if not self._within(parameter, general):
            self._known[parameter.name] = general
        return True, True

    def _within(self, parameter: Type, kind: Type) -> bool:
        if kind == parameter:
            return True
        if kind.free:
            return kind.name in self._known and self._within(parameter, self._known[kind.name])
        return any(self._within(parameter, held) for held in kind.holds)
