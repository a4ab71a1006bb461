"""A real node on this machine: kubelet and containerd in namespaces of their own, for the provider ``binaries``."""
