"""The Node Resource Interface (NRI), by which plugins adjust containers in the container runtime."""
