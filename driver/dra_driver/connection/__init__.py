"""How the API server is reached, and as whom: kubeconfig, TLS, credentials, and the transport of the general client."""
