"""The programs of a descriptor are looked for before anything is started."""

from pathlib import Path

import pytest

from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.drivers.programs import check_programs, driver_program
from dra_conformance.errors import UsageError

WRAPPED = """
schema: dra-conformance/driver/v1
name: mine
driver: x.example.com
start: {command: [env, no-such-driver], program: no-such-driver}
deviceClass: {name: x}
"""


def test_the_drivers_own_program_is_wanted_where_another_one_starts_it(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(WRAPPED)
    descriptor = load_descriptor(str(tmp_path / "d.yaml"))
    assert driver_program(descriptor) == "no-such-driver"
    with pytest.raises(UsageError, match="command 'no-such-driver' does not exist"):
        check_programs(descriptor)
