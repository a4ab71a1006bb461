"""The API server: HTTP in front, the registry of verbs behind it, and what judges a request on its way."""
