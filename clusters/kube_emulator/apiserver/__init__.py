"""The API server: HTTP in front, the registry of verbs behind it, and what a request passes on its way: authentication, authorization, validation."""
