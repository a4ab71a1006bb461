"""The kubelet's gRPC contracts."""
