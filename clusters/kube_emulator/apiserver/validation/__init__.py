"""Preparation, validation, defaults and conversion of objects, as pure functions; the API server's registry calls them."""
