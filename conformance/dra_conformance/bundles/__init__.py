"""A run as one file that others can check: evidence, descriptor and logs, to be replayed, verified and signed."""
