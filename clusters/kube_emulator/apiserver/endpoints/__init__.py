"""HTTP in front of the verbs: forms of bodies, options, streams."""
