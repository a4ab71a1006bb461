"""The hardware as values: an inventory of frozen GPUs, and what of each is published."""
