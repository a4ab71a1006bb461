"""HTTP in front of the verbs: encodings, options, streams."""
