"""A reference DRA driver for NVIDIA GPUs."""
