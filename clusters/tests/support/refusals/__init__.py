"""Objects that were sent to a real API server, and under ``recorded`` what it answered."""
