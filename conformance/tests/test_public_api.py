"""What other projects may rely on: public names, the pytest fixtures, the declared dependencies."""

import ast
import datetime
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

import dra_conformance
from dra_conformance.catalogue import load_catalogue
from dra_conformance.covered import SUITE, covered_ids
from dra_conformance.outcome import marks_of
from dra_conformance.session import BARE, isolated_pytest

ROOT = Path(__file__).parents[2]
DRIVERS = ROOT / "conformance" / "dra_conformance" / "drivers"
PACKAGES = {"dra_api", "dra_driver", "fake_nvml", "dra_clusters", "kube_emulator", "dra_conformance"}


def test_every_public_name_can_be_imported() -> None:
    assert sorted(dra_conformance.__all__) == dra_conformance.__all__
    for name in dra_conformance.__all__:
        assert getattr(dra_conformance, name).__module__.startswith("dra_conformance.")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = dra_conformance.nope


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, dra_conformance; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pytest", "grpc", "kubernetes", "rich", "jinja2", "msgspec"} & set(done.stdout.split())


@pytest.mark.slow
def test_list_imports_neither_pytest_nor_grpc() -> None:
    code = "import sys; from dra_conformance.cli import main; main(['list']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pytest", "grpc", "kubernetes", "rich", "jinja2"} & set(done.stdout.split())


class Collected:
    """A pytest plugin that remembers the requirements of the collected checks."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.ids.update(marks_of(item)[0])


@pytest.mark.slow
def test_covered_ids_are_those_of_the_collected_checks() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_public_api; test_public_api.print_collected()"
    command = [sys.executable, "-c", code, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == covered_ids() <= load_catalogue().keys()


def print_collected() -> None:
    """Print the ids that pytest collects."""
    plugin = Collected()
    with isolated_pytest():
        arguments = ["-p", "dra_conformance.plugin", "--collect-only", f"--rootdir={SUITE}", str(SUITE)]
        pytest.main([*BARE, *arguments], plugins=[plugin])
    sys.stdout.write(json.dumps(sorted(plugin.ids)))


def blocks(language: str) -> list[str]:
    """The code blocks of the README in LANGUAGE."""
    text = (ROOT / "conformance" / "README.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_descriptors_in_the_readme_are_valid(tmp_path: Path) -> None:
    smallest, full = blocks("yaml")

    def load(text: str) -> dra_conformance.Descriptor:
        (tmp_path / "driver.yaml").write_text(text)
        descriptor = dra_conformance.load_descriptor(str(tmp_path / "driver.yaml"))
        assert descriptor.driver == "widgets.example.com"
        return descriptor

    load(smallest)
    descriptor = load(full)
    assert set(descriptor.__struct_fields__) == set(re.findall(r"^(\w+):", snake(full), re.MULTILINE))


def snake(text: str) -> str:
    """TEXT with camelCase as snake_case."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: f"_{match[1].lower()}", text)


def run_pytest(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *argv]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, check=False)


@pytest.mark.slow
def test_the_suite_without_a_driver_is_a_usage_error(tmp_path: Path) -> None:
    for arguments in ([], ["-n", "2"], ["-k", "registration"]):
        done = run_pytest("-q", "--pyargs", "dra_conformance.suite", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "pass --dra-driver=DESCRIPTOR: a descriptor file, or one of" in done.stderr
        assert (done.stdout + done.stderr).count("\n") == 1


@pytest.mark.slow
def test_pytest_gives_the_verdicts_of_the_command_and_writes_the_report_folder(tmp_path: Path) -> None:
    descriptor = yaml.safe_load((DRIVERS / "control.yaml").read_text())
    descriptor["start"]["command"].append("--defect=wrong-type")
    descriptor["exemptions"] = [
        {"id": "REG-019", "reason": "ticket 7", "owner": "me", "expires": datetime.date(2999, 1, 1)}
    ]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(descriptor))
    done = run_pytest(
        *("-q", "-rA", "--pyargs", "dra_conformance.suite", "--dra-driver=mine.yaml", "-n", "1"),
        *("-k", "test_type_is_draplugin or test_supported_versions", "--junitxml=j.xml"),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "FAIL REG-003 (MUST)" in done.stdout
    assert "Traceback" not in done.stdout
    rows = json.loads((tmp_path / "dra-report" / "report.json").read_text())["requirements"]
    verdicts = {row["id"]: row["verdict"] for row in rows}
    assert [name for name, verdict in verdicts.items() if verdict == "fail"] == ["REG-003"]
    found = {}
    for case in ET.parse(tmp_path / "j.xml").iter("testcase"):
        properties = [(one.get("name"), one.get("value")) for one in case.iter("property")]
        assert "dra-conformance" not in dict(properties)
        for name, value in properties:
            if name == "verdict":
                requirement_id, _, verdict = str(value).partition(" ")
                found[requirement_id] = verdict
                assert ("evidence", f"dra-report/report.html#{requirement_id}") in properties
                assert (case.find("failure") is not None) == (verdict == "fail")
    assert len(found) >= 2
    assert found.items() <= verdicts.items()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"), [("no-such-program", "'no-such-program' does not exist"), ("", "is empty")]
)
def test_pytest_with_a_driver_that_cannot_be_started(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "driver.yaml"
    document: dict[str, Any] = {"schema": "dra-conformance/driver/v1", "name": "n", "driver": "x.example.com"}
    document |= {"start": {"command": [text]}, "deviceClass": {"name": "x"}}
    path.write_text(json.dumps(document) if text else "")
    done = run_pytest("-q", "--pyargs", "dra_conformance.suite", f"--dra-driver={path}", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert (done.stdout + done.stderr).count("\n") == 1


@pytest.mark.slow
def test_the_fixture_dra_driver_in_a_vendors_own_test(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(blocks("python")[0])
    done = run_pytest("-q", "--dra-driver=control", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    done = run_pytest("-q", cwd=tmp_path)
    assert "the fixture dra_driver needs --dra-driver=DESCRIPTOR" in done.stdout


@pytest.mark.slow
def test_version(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dra_conformance", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == f"dra-conformance {importlib.metadata.version('dra-conformance')}\n"


def imported_modules(folder: Path) -> set[str]:
    """The top-level modules that the files below FOLDER import from elsewhere."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(
                    "google.protobuf" if node.module.startswith("google.") else node.module.partition(".")[0]
                )
    return found - sys.stdlib_module_names - PACKAGES


@pytest.mark.parametrize(
    "folder", ["conformance/dra_conformance", "driver/dra_driver", "driver/dra_api", "clusters", "fakenvml"]
)
def test_every_import_is_a_declared_dependency(folder: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [
        *project["dependencies"],
        *(line for group in project.get("optional-dependencies", {}).values() for line in group),
    ]
    declared = {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower().replace("_", "-") for line in lines}
    owners = importlib.metadata.packages_distributions()
    where = ROOT / folder
    packages = (
        [where] if (where / "__init__.py").exists() else [path.parent for path in where.glob("*/__init__.py")]
    )
    undeclared = {}
    for module in set().union(*map(imported_modules, packages)):
        names = {name.lower().replace("_", "-") for name in owners.get(module.partition(".")[0], [module])}
        if module == "google.protobuf":
            names = {"protobuf"}
        if not names & declared:
            undeclared[module] = sorted(names)
    assert undeclared == {}
