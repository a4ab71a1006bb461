"""What a test does to the node from outside: inspect it, reboot it, inject faults, end them. Used by ``fake-nvml ctl``.

A command is a name, a GPU where it is about one, and further values by name. Everything here runs in the daemon, in
one step that clients see as a whole.
"""

from fake_nvml.control.client import send
from fake_nvml.control.commands import perform
from fake_nvml.control.registry import COMMANDS, find

__all__ = ["COMMANDS", "find", "perform", "send"]
