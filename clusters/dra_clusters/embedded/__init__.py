"""A Kubernetes control plane and kubelet in Python, in one thread of the calling process."""
