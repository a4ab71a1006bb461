"""Checks of the tier ``cluster`` on a driver: what pods with claims get, and what the API shows of a driver that is installed."""
