"""``dra-cluster doctor``: what this machine has, and which providers it can run.

``facts`` is what was found, ``verdicts`` decides from it without I/O, ``probes`` looks at the machine, ``report`` prints.
"""
