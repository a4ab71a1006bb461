"""The public names of both packages."""

import importlib

import pytest


@pytest.mark.parametrize("package", ["dra_api", "dra_driver"])
def test_every_public_name_can_be_imported_and_others_are_refused(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nope'"):
        module.nope  # noqa: B018
