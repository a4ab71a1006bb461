"""How a command begins: Ctrl-C while its modules are imported ends it with 130 and says nothing.

Nothing that would have to be ended is started before. Later Ctrl-C is a KeyboardInterrupt, which the command's context
managers see.
"""

import importlib
import os
import signal

INTERRUPTED = 128 + signal.SIGINT


def run_command(module: str) -> int:
    """Import MODULE and call its ``main``; the exit code."""
    # whoever runs the command in the background may ignore the signal
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    main = importlib.import_module(module).main
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return int(main())
    except KeyboardInterrupt:
        return INTERRUPTED
