"""CustomResourceDefinitions: from an object to a kind that is served."""
