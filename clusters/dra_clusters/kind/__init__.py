"""The provider ``kind``: Kubernetes in containers of docker or podman, started by the program kind.

``machine`` looks at this machine, ``plan`` decides from what it found, ``config`` writes kind's configuration and
``failures`` reads what kind printed, all three without I/O. ``engine``, ``program`` and ``node_image`` act; ``cluster``
is the provider.
"""
