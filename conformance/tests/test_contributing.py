"""The first worked example of CONTRIBUTING.md shows the code of this project, so whoever follows it gets what is here."""

import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^   ```python\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
PACKAGE = ROOT / "conformance" / "dra_conformance"


def first_example() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return text[text.index("## Example 1") : text.index("## Example 2")]


@pytest.mark.parametrize(
    ("number", "file", "indent"), [(0, "suite/test_unprepare.py", 0), (1, "controls/preparing.py", 8)]
)
def test_the_code_of_the_example_is_in_the_file_that_it_names(number: int, file: str, indent: int) -> None:
    example = first_example()
    code = textwrap.indent(textwrap.dedent(FENCE.findall(example)[number]), " " * indent)
    assert code in (PACKAGE / file).read_text()
    assert f"`conformance/dra_conformance/{file}`" in example


def test_the_defect_of_the_example_is_in_the_file_that_it_names() -> None:
    [line] = re.findall(r"^ +(Defect\(.*),$", first_example(), re.MULTILINE)
    assert line in (PACKAGE / "controls/life_defects.py").read_text()


def test_the_mutant_of_the_example_is_judged_by_a_profile_that_has_its_requirement() -> None:
    assert "mutant.yaml --select IDEM-002 --profile robust" in first_example()
