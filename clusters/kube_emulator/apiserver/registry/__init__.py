"""The verbs of the API over the store: what a request does to objects, from HTTP or from a part of this process."""
