"""How failures of lightkube become errors of the API."""

import pytest

from dra_driver.connection.lightkube_client import api_errors
from dra_driver.errors import ApiError


def test_an_error_of_the_operating_system_is_one_of_the_api_too() -> None:
    with (
        pytest.raises(ApiError, match="slice a: no usable answer from the API server: .*Invalid argument"),
        api_errors("slice a"),
    ):
        raise OSError(22, "Invalid argument")
