"""The hardware as values: an inventory of frozen GPUs, and each GPU as a device of a ResourceSlice."""
