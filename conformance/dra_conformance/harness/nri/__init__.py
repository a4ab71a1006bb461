"""The NRI socket of a container runtime, for drivers that are NRI plugins too and end without one."""
