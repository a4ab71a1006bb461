"""A driver that removes the files of its node: the harness looks at it and starts it again without an error of its own."""

import shutil
from contextlib import ExitStack

import pytest

from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.harness.factory import Environment, HarnessFactory


@pytest.mark.slow
def test_a_driver_that_removed_the_files_of_its_node_is_looked_at_and_started_again() -> None:
    with HarnessFactory(load_descriptor("control"), Environment()) as factory, ExitStack() as stack:
        harness = factory.make(stack)
        harness.start_registered()
        harness.kubelet.prepared(harness.claim())
        shutil.rmtree(harness.folder)
        assert harness.cdi.listing() == []
        assert harness.kubelet.sockets() == []
        assert harness.driver.log_text() == ""
        harness.restart(kill=True)
        harness.kubelet.prepared(harness.claim())
        assert harness.evidence.take()
