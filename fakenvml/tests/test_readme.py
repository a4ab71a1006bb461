"""The Python examples of the README run and pass ``mypy --strict``."""

from pathlib import Path

import pytest
import readme_examples
from readme_examples import Example, examples_of

EXAMPLES = examples_of(Path(__file__).parents[1] / "README.md")


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_runs(example: Example, tmp_path: Path) -> None:
    readme_examples.run(example, tmp_path)


@pytest.mark.slow
def test_the_examples_pass_mypy_strict(tmp_path: Path) -> None:
    readme_examples.check_types(EXAMPLES, tmp_path)
