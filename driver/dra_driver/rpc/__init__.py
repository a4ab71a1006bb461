"""The gRPC services that the kubelet calls, and their sockets: registration and every version of the DRA service."""
