"""CustomResourceDefinitions: from a stored object to a served kind."""
