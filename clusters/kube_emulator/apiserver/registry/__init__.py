"""The verbs of the API over the store: what a request does to objects, whoever sent it."""
