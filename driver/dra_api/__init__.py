"""What a DRA driver meets outside itself: names, limits, quantities and the kubelet's gRPC contracts."""
