"""Objects that were sent to a real API server; ``recorded`` has its answers."""
