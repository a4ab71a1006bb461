"""Where the command ``fake-nvml`` begins: Ctrl-C while its modules are imported ends it with 130 and says nothing.

Nothing that would have to be ended is started before. Later it is a KeyboardInterrupt, which the command's context
managers see. ``dra_api.interrupts`` does the same for the other commands; this package stands without that one.
"""

import os
import signal


def main() -> int:
    """Run the command; the exit code."""
    if (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):  # whoever runs it in the background may ignore it
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    from fake_nvml.cli import main as run

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
