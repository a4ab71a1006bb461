"""What the API server knows about the content of objects, as pure functions; who stores and sends them is elsewhere."""
