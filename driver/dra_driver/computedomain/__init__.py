"""ComputeDomains: the nodes of a job that reach each other's memory over NVLink. Controller, kubelet plugin and daemon."""
