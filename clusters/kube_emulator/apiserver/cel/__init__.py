"""The expression language of device selectors, as resource.k8s.io uses it (dynamic-resource-allocation cel, 1.36 and 1.37).

``environment`` compiles and evaluates with Google's C++ CEL, ``library`` are the functions that Kubernetes adds, ``values``
the types behind them, ``cost`` the worst case that the API server allows, ``syntax`` the tree that these need. Users
import ``kube_emulator.apiserver.cel.device_selector``.
"""
