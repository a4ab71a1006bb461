"""``dra-conformance doctor``: can this driver be judged here? Each step with what was found and what to do."""

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from dra_conformance.drivers.descriptor import Descriptor, load_descriptor
from dra_conformance.drivers.programs import check_programs
from dra_conformance.errors import SuiteError
from dra_conformance.expectations import Violation
from dra_conformance.harness.factory import Environment, HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.printable import printable

DEVICES = 3
"""Plain devices that checks need at least."""
SOCKET_MAX = 107
BELOW = len("/dra-xxxxxxxx/nxxxxxxxx/nodes/node-0/plugins_registry/-12345678-reg.sock")
FREE_MIB = 200


class Step(NamedTuple):
    """Something that must hold: ``look`` says what was found or raises, ``remedy`` says what to do then."""

    what: str
    look: Callable[[], str]
    remedy: str


class Problem(Exception):
    """A step does not hold."""


def doctor(name: str) -> int:
    """Print each step until one does not hold; 0 if all do, else 1.

    Raises:
        UsageError: the descriptor cannot be used.
    """
    descriptor = load_descriptor(name)
    with ExitStack() as stack:
        for step in steps(descriptor, stack):
            try:
                found = step.look()
            except (Problem, SuiteError, Violation) as error:
                print(f"FAIL  {step.what}: {printable(error)}")
                print(f"      {step.remedy}")
                return 1
            print(f"ok    {step.what}: {printable(found)}")
    print(f"Next: dra-conformance run {name}")
    return 0


def steps(descriptor: Descriptor, stack: ExitStack) -> Iterator[Step]:
    """What must hold, in the order in which a run needs it."""
    yield Step("system", system, "Run it on Linux: drivers need UNIX sockets, and the suite reads /proc.")
    yield Step("folder for sockets", lambda: socket_room(descriptor.driver), "Set TMPDIR to a shorter path.")
    yield Step("disk", disk, "Make room there, or set TMPDIR.")
    yield Step(
        "programs", lambda: programs(descriptor), "Install what is missing, or correct the descriptor."
    )
    made: list[Harness] = []

    def cluster() -> str:
        factory = stack.enter_context(HarnessFactory(descriptor, Environment()))
        made.append(factory.make(stack))
        return f"Kubernetes {Environment().kubernetes}" + (", machine ready" if descriptor.machine else "")

    def with_log(act: Callable[[Harness], str]) -> Callable[[], str]:
        return lambda: logged(made[0], act)

    yield Step("cluster and machine", cluster, "See dra-cluster doctor, and the machine's own command.")
    yield Step(
        "start and registration",
        with_log(lambda harness: started(harness)),
        "Start it by hand with the same arguments. It must stay in the foreground and make a socket in {registry_dir}.",
    )
    yield Step(
        "devices",
        with_log(devices),
        "deviceClass.types names the plain devices; budgets.publishSeconds is how long publishing may take.",
    )
    yield Step("prepare", with_log(prepared), "dra-conformance run --select prepare shows each call.")


def system() -> str:
    """The system.

    Raises:
        Problem: it is not Linux.
    """
    if platform.system() != "Linux":
        raise Problem(platform.system())
    return f"Linux {platform.release()}, Python {platform.python_version()}"


def socket_room(driver: str) -> str:
    """How long a socket's path becomes.

    Raises:
        Problem: longer than the kernel allows.
    """
    length = len(tempfile.gettempdir()) + BELOW + len(driver)
    found = f"paths of up to {length} of {SOCKET_MAX} bytes below {tempfile.gettempdir()}"
    if length > SOCKET_MAX:
        raise Problem(found)
    return found


def disk() -> str:
    """The free space for nodes.

    Raises:
        Problem: too little.
    """
    free_mib = shutil.disk_usage(tempfile.gettempdir()).free >> 20
    found = f"{free_mib} MiB free in {tempfile.gettempdir()}"
    if free_mib < FREE_MIB:
        raise Problem(found)
    return found


def programs(descriptor: Descriptor) -> str:
    """The programs that the descriptor names."""
    check_programs(descriptor)
    return "all found"


def logged(harness: Harness, act: Callable[[Harness], str]) -> str:
    """Do something with the driver; a failure has the end of its log.

    Raises:
        Problem: it failed.
    """
    try:
        return act(harness)
    except (SuiteError, Violation) as error:
        log = harness.driver.log_text().strip()[-600:]
        message = f"{error}\n      the driver's log ends: {log or '(empty)'}"
        raise Problem(message) from error


def started(harness: Harness) -> str:
    """Start and register the driver."""
    harness.start_registered()
    info = harness.kubelet.info()
    return f"{info.name} serves {', '.join(info.supported_versions)}"


def devices(harness: Harness) -> str:
    """The devices that checks can use."""
    found = harness.require_devices(DEVICES)
    return f"{len(harness.devices())} plain devices, e.g. {found[0][1]} of pool {found[0][0]}"


def prepared(harness: Harness) -> str:
    """Prepare and release a claim."""
    claim = harness.claim()
    found = harness.kubelet.prepared(claim)
    ids = [name for device in found for name in device.cdi_ids]
    harness.release(claim)
    return f"a claim gets CDI ids {', '.join(ids) or '(none)'}"
