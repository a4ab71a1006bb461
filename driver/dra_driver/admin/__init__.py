"""Commands for whoever runs the driver: ``doctor`` before it works, ``explain`` when a claim does not, ``cleanup`` afterwards."""
