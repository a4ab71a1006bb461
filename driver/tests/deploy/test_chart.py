"""The chart without helm: what has to be as it is elsewhere in the repository."""

from importlib.metadata import version
from pathlib import Path

import yaml

from dra_clusters.images.build import RECIPES, REPOSITORY

CHART = Path(__file__).parents[2] / "deploy/chart"


def test_the_image_is_the_one_that_image_build_writes() -> None:
    image = yaml.safe_load((CHART / "values.yaml").read_text())["image"]
    tag = image["tag"] or yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    [name] = [name for name, recipe in RECIPES.items() if next(iter(recipe.commands)) == "dra-driver"]
    assert f"{image['repository']}:{tag}" == f"{REPOSITORY}/{name}:{version('dra-conformance')}"
