"""What a claim is given: decided without I/O, recorded before it happens, carried out and undone."""
