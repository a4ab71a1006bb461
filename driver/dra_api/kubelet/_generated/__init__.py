"""gRPC stubs, written by ``python -m dra_api.kubelet.generate``; edits are lost."""
