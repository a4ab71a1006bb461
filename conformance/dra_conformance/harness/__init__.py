"""What a check can do to a driver and see of it: process, kubelet's side, API server, CDI files."""
