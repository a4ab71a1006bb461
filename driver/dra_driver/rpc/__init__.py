"""What the kubelet talks to: sockets, registration, the DRA services in every version."""
