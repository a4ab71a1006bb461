"""The provider ``binaries``: real etcd, kube-apiserver, kube-scheduler and kube-controller-manager on this machine."""
