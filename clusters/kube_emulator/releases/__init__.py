"""Which releases of Kubernetes there are, and what each of them can do."""
