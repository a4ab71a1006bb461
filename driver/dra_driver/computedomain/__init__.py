"""ComputeDomains: the nodes of a job that reach each other's memory over NVLink. The controller's part."""
