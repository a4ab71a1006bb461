"""Which files of this environment an image needs."""

import pytest

from dra_clusters.errors import EnvironmentFault
from dra_clusters.images import distributions


def test_what_a_distribution_requires_comes_with_it() -> None:
    assert {"aiohttp", "multidict", "yarl"} <= set(distributions.required(["aiohttp"]))


def test_extras_and_requirements_of_other_environments_are_left_out() -> None:
    assert distributions.required_name("pytest>=9; extra == 'dev'") is None
    assert distributions.required_name('no-such-thing; python_version < "3"') is None
    assert distributions.required_name("PyYAML>=6; python_version >= '3'") == "pyyaml"


def test_a_distribution_that_is_not_installed_is_named() -> None:
    with pytest.raises(EnvironmentFault, match="no-such-thing is not installed; run: pip install"):
        distributions.required(["no-such-thing"])


def test_files_that_name_folders_of_this_machine_are_left_out() -> None:
    paths = {path for path, _ in distributions.files_of("dra-conformance")} | {
        path for path, _ in distributions.files_of("aiohttp")
    }
    kept = {path.rpartition("/")[2] for path in paths if ".dist-info/" in path}
    assert kept == {"METADATA", "entry_points.txt"}
    assert not [path for path in paths if path.endswith(".pyc") or path.startswith("..")]


def test_a_package_is_found_in_a_wheel_and_in_the_sources() -> None:
    paths = [path for path, _ in distributions.package_files("dra_api")]
    assert "dra_api/names.py" in paths
    assert not [path for path in paths if "__pycache__" in path]
