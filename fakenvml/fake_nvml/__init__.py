"""A drop-in libnvidia-ml.so.1 with a whole GPU node behind it, shared by all processes."""
