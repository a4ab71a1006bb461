"""The kill matrix: which defect of the control driver is caught by which requirement.

``docs/KILL-MATRIX.md`` is written from what the defects declare: ``python -m dra_conformance.kill_matrix``, or ``--check``
(``tox -e generated``). A selftest holds each run against the same declarations, and ``selftest --matrix FILE`` writes the
page from what its runs have shown: it is the same page if everything was caught.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dra_conformance.catalogue import load_catalogue
from dra_conformance.controls.defects import DEFECTS
from dra_conformance.covered import covered_ids
from dra_conformance.generated_file import write_or_check

PAGE = Path(__file__).parents[2] / "docs" / "KILL-MATRIX.md"
CONTRACT = "DRIVER-CONTRACT.md"
INTRODUCTION = """\
# Kill matrix

<!-- Written by python -m dra_conformance.kill_matrix; edits are lost. -->

A conformance suite is worth what it catches. `dra-conformance selftest` runs the suite over a known-good driver, which must pass, and over {count} copies of it with one
defect each. A defect is *caught* if every requirement beside it here has the verdict *fail*, or *non-strict* for a SHOULD and *info* for a MAY; an *error* catches nothing. The selftest ends with
exit code 1 if one of these pairs is not as this page says. `selftest --matrix FILE` writes the page from what its runs have shown.

{proven} of the {checked} requirements on a driver that have a check are seen to catch a defect.

## By defect

| defect | what is wrong with the driver | caught by | seen in public |
|---|---|---|---|
"""
REQUIREMENTS = """
## By requirement

| requirement | level | defects that it catches |
|---|---|---|
"""
WITHOUT = """
## Checks without a defect

These requirements have a check, and no defect of the control driver breaks them: {names}.

Those about one slice or one CDI document alone are functions with tests of their own (`conformance/tests/rules`).
"""


class Row(NamedTuple):
    """A defect and what has caught it."""

    defect: str
    what: str
    caught_by: Sequence[str]
    seen: str


def declared() -> list[Row]:
    """What the defects say of themselves."""
    return [Row(one.name, one.what, one.violates, one.seen) for one in DEFECTS.values()]


def shown(mutants: Iterable[Mapping[str, object]]) -> list[Row]:
    """What the runs of a selftest have shown; ``by`` of a mutant is what has caught it."""
    caught = {str(mutant["name"]): mutant["by"] for mutant in mutants}
    return [
        row._replace(caught_by=[str(name) for name in _list(caught.get(row.defect))]) for row in declared()
    ]


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def page(rows: Sequence[Row]) -> str:
    """The page for ROWS."""
    rules = {rule.id: rule for rule in load_catalogue().values() if not rule.namespace}
    defects: dict[str, list[str]] = {}
    for row in rows:
        for name in row.caught_by:
            defects.setdefault(name, []).append(row.defect)
    checked = {name for name in covered_ids() if name in rules and rules[name].section == "driver"}
    caught = sorted(checked & defects.keys())
    text = INTRODUCTION.format(count=len(rows), proven=len(caught), checked=len(checked))
    text += "".join(
        f"| `{row.defect}` | {cell(row.what)} | {' '.join(map(link, row.caught_by)) or 'nothing'} | {cell(row.seen)} |\n"
        for row in rows
    )
    text += REQUIREMENTS
    text += "".join(
        f"| {link(name)} | {rules[name].level} | {' '.join(f'`{defect}`' for defect in defects[name])} |\n"
        for name in caught
    )
    without = ", ".join(map(link, sorted(checked - defects.keys())))
    return text + (WITHOUT.format(names=without) if without else "")


def link(requirement_id: str) -> str:
    """A requirement with its place in the contract; those of our own are not in it."""
    if load_catalogue()[requirement_id].namespace:
        return f"`{requirement_id}`"
    return f"[{requirement_id}]({CONTRACT}#{requirement_id.lower()})"


def cell(text: str) -> str:
    """TEXT as a cell shows it unchanged."""
    for special in "\\*_[]`|":
        text = text.replace(special, f"\\{special}")
    return text.replace("<", "&lt;")


def main() -> int:
    """Write the page, or with ``--check`` compare it; see ``write_or_check``."""
    return write_or_check(PAGE, page(declared()), module="dra_conformance.kill_matrix", purpose=__doc__)


if __name__ == "__main__":
    raise SystemExit(main())
