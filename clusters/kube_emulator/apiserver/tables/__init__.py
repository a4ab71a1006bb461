"""Lists as tables, which is how ``kubectl get`` asks for them."""
