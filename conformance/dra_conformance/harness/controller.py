"""The driver's controller: a process that runs once in a cluster, beside the drivers on the nodes."""

from collections.abc import Mapping

from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.expectations import not_applicable
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.log_file import LogFile
from dra_conformance.harness.process import Process


class ControllerProcess:
    """The controller of one harness, which a check starts if it needs it."""

    def __init__(
        self, descriptor: Descriptor, places: Mapping[str, str], log: LogFile, evidence: Evidence
    ) -> None:
        self._descriptor = descriptor
        self._places = places
        self._log = log
        self._evidence = evidence
        self._process: Process | None = None

    def start(self) -> None:
        """Start it.

        Raises:
            NotApplicable: the descriptor names none, so that the driver on the node must do all.
        """
        command = self._descriptor.controller
        if command is None:
            not_applicable("the descriptor names no controller")
        self._evidence.add("process", "controller starts", command=" ".join(command))
        argv = [argument.format_map(self._places) for argument in command]
        self._process = Process(argv, self._descriptor.start.environment, self._log)

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            self._evidence.add("process", "controller is killed")
            self._process.end()
            self._process = None

    def log_text(self) -> str:
        """The end of its log."""
        return self._process.log_text() if self._process is not None else ""
