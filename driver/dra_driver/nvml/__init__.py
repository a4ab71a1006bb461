"""NVML through NVIDIA's own bindings: nothing is mocked, so the same code runs on real and fake GPUs."""
