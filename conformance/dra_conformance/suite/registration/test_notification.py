"""NotifyRegistrationStatus: accepted, refused and missing notifications (kubelet pluginmanager, 1.37)."""

import socket
from pathlib import Path

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect, expect_soon
from dra_conformance.harness.harness import Harness


@requirement(
    "REG-017", why="a failing notification is a failing registration in the kubelet's log and metrics"
)
def test_notify_is_answered(harness: Harness) -> None:
    """NotifyRegistrationStatus with plugin_registered=true is answered within five seconds."""
    harness.kubelet.notify(registered=True)


@requirement("REG-018", why="a refused driver that then hangs needs an administrator")
def test_refused_driver_can_register_later(isolated: Harness) -> None:
    """After a refusal the driver registers again, by itself or after its supervisor restarted it."""
    isolated.start()
    isolated.kubelet.info()
    isolated.kubelet.notify(registered=False, error="refused by the suite")
    code = isolated.driver.wait(0.3)
    if code is not None:
        expect(code != 0, wanted="a non-zero exit, or to go on", found=f"exit {code}", where="driver")
        isolated.kubelet.disconnect()
        isolated.start()
    isolated.kubelet.register()
    isolated.kubelet.prepare()


@requirement("REG-019", why="the text is the only hint to why pods do not start")
def test_refusal_is_logged(isolated: Harness) -> None:
    """The error text of a refused registration is logged by the driver."""
    isolated.start()
    token = f"token-{isolated.random.getrandbits(64):x}"
    isolated.kubelet.info()
    isolated.kubelet.notify(registered=False, error=token)
    expect_soon(
        lambda: token in isolated.driver.log_text(),
        within_s=2,
        wanted=f"{token} in the log",
        found=lambda: isolated.driver.log_text()[-300:],
        where="driver log",
    )


@requirement("REG-021", "REC-013", why="a kubelet restart must not need a driver restart")
def test_kubelet_restart_is_transparent(harness: Harness) -> None:
    """After the kubelet closed its connections, a second handshake succeeds and a prepared claim is prepared again, alike."""
    claim = harness.claim()
    before = harness.kubelet.prepared(claim)
    harness.kubelet.disconnect()
    harness.kubelet.register()
    after = harness.kubelet.prepared(claim)
    harness.release(claim)
    expect(after == before, wanted=before, found=after, where="prepare after the kubelet's restart")


@requirement(
    "REG-034", why="a kubelet that restarts, or tools that look at the socket, would end the registration"
)
def test_connections_come_and_go(harness: Harness) -> None:
    """Connections that say nothing or break off, and new handshakes, end neither an older connection nor the registration."""
    path, endpoint, version = harness.kubelet.socket(), harness.kubelet.endpoint, harness.kubelet.version()
    inode = path.stat().st_ino
    for target in (path, Path(endpoint)):
        for greeting in (b"", b"PRI * HTTP/2.0", b"GET / HTTP/1.1\r\n\r\n"):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(str(target))
                stranger.sendall(greeting)
    for _ in range(3):
        harness.kubelet.info(new_connection=True)
    harness.kubelet.prepare(endpoint=endpoint, version=version)
    found = [item.stat().st_ino for item in harness.kubelet.sockets()]
    expect(found == [inode], wanted=f"inode {inode}", found=found, where="registration socket")


@requirement(
    "REG-022", why="the kubelet stores a plugin before it notifies, and tolerates a failed notification"
)
def test_calls_work_without_notification(isolated: Harness) -> None:
    """Prepare works when NotifyRegistrationStatus never came.

    The device is known from an earlier start: a driver may publish nothing before it is registered.
    """
    isolated.start_registered()
    device = isolated.require_devices(1)[0]
    isolated.driver.terminate()
    isolated.kubelet.disconnect()
    isolated.start()
    isolated.kubelet.prepared(isolated.claim(device))
