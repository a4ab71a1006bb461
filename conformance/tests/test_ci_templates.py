"""What vendors include into their CI gives the command flags that it has."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dra_conformance.command_line import make_parser

ROOT = Path(__file__).parents[2]
ACTION, TEMPLATE = ROOT / "action.yml", ROOT / "conformance/ci/gitlab.yml"
PREFIX = "DRA_CONFORMANCE_"
INPUT = re.compile(r"\$\{\{ inputs\.([a-z]+) \}\}")


def flags_of(variables: dict[str, str]) -> list[str]:
    """The flags whose variables these are."""
    return ["--" + name.removeprefix(PREFIX).lower() for name in variables if name.startswith(PREFIX)]


def judging_step() -> Any:
    """The step of the action that runs the suite."""
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    [step] = [step for step in steps if "dra-conformance run" in step.get("run", "").replace('"', "")]
    return step


@pytest.mark.parametrize(
    "variables",
    [judging_step()["env"], yaml.safe_load(TEMPLATE.read_text())[".dra-conformance"]["variables"]],
    ids=["GitHub", "GitLab"],
)
def test_every_variable_is_one_of_a_flag(variables: dict[str, str]) -> None:
    flags = flags_of(variables)
    assert "--cluster" in flags
    make_parser().parse_args(["run", "driver.yaml", *(f"{flag}=1" for flag in flags)])


def test_every_input_is_used_and_every_one_that_is_used_exists() -> None:
    text = ACTION.read_text()
    assert set(INPUT.findall(text)) == set(yaml.safe_load(text)["inputs"])


def test_what_users_write_reaches_the_shell_only_by_variables() -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    assert not [step["run"] for step in steps if "${{" in step.get("run", "")]
