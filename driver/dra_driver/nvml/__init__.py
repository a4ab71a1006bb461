"""NVML through NVIDIA's own bindings: the only room that imports pynvml, so the same code meets real and fake GPUs."""
