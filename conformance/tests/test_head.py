"""What a report says about the driver that was judged."""

from dra_conformance.harness.factory import Environment
from dra_conformance.head import head_of


def test_a_driver_of_racks_has_the_command_the_digest_and_the_machine_of_its_plugin() -> None:
    head = head_of("reference-domains", Environment(), profile="core", select="multi-node", command=["x"])
    assert head["subject"]["command"][0] == "dra-driver"
    assert head["subject"]["digest"].startswith("sha256:")
    assert head["environment"]["machine"] == "gb200-nvl72"
