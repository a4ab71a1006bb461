"""The kubelet emulation: one for each node, with a container runtime that records what containers would see."""
