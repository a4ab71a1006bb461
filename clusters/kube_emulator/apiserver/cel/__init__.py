"""CEL, the expression language of device selectors (dynamic-resource-allocation cel, 1.36 and 1.37).

``parsing`` parses, and ``environment`` compiles and evaluates with Google's C++ CEL. ``checker`` gives types, ``cost`` estimates the worst case,
``library`` has the functions that Kubernetes adds, ``values`` the types behind them, ``syntax`` the tree that all of these
read. Other packages import ``kube_emulator.apiserver.cel.device_selector``.
"""
