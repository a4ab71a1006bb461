"""Container images without an engine and without a registry: written as OCI archives, byte for byte the same each time."""
