"""The flags that every command takes: (flag, environment variable, default, help)."""

from dra_api.names import CDI_DYNAMIC_DIR, KUBELET_PLUGINS_DIR, KUBELET_REGISTRY_DIR

FLAGS: tuple[tuple[str, str, str, str], ...] = (
    (
        "--driver-name",
        "DRA_DRIVER_NAME",
        "gpu.dra-conformance.dev",
        "name of the DRA driver, by which device classes select its devices",
    ),
    ("--node-name", "NODE_NAME", "", "name of the Node object of this node (required)"),
    (
        "--kubeconfig",
        "KUBECONFIG",
        "",
        "kubeconfig file; empty: the service account of the pod",
    ),
    (
        "--registry-dir",
        "DRA_DRIVER_REGISTRY_DIR",
        KUBELET_REGISTRY_DIR,
        "the kubelet's folder of registration sockets",
    ),
    (
        "--plugins-dir",
        "DRA_DRIVER_PLUGINS_DIR",
        KUBELET_PLUGINS_DIR,
        "the kubelet's folder of plugins; the driver's own is <plugins dir>/<driver name>",
    ),
    ("--cdi-dir", "DRA_DRIVER_CDI_DIR", CDI_DYNAMIC_DIR, "folder of CDI files"),
    (
        "--metrics-address",
        "DRA_DRIVER_METRICS_ADDRESS",
        "",
        "host:port that serves /metrics for Prometheus, /livez and /readyz; empty: none",
    ),
    (
        "--health-address",
        "DRA_DRIVER_HEALTH_ADDRESS",
        "",
        "host:port of gRPC's health service, with the services liveness and readiness; empty: none",
    ),
    ("--instance", "DRA_DRIVER_INSTANCE", "", "suffix of the socket names, so that two versions can overlap"),
    (
        "--rescan-seconds",
        "DRA_DRIVER_RESCAN_SECONDS",
        "30",
        "seconds between scans for changed hardware and deleted claims",
    ),
    ("--sysfs", "DRA_DRIVER_SYSFS", "/sys", "where sysfs is mounted"),
    ("--procfs", "DRA_DRIVER_PROCFS", "/proc", "where proc is mounted"),
    (
        "--driver-root",
        "NVIDIA_DRIVER_ROOT",
        "/",
        "folder below which NVIDIA's driver is installed, e.g. /run/nvidia/driver",
    ),
    ("--dev-root", "DRA_DRIVER_DEV_ROOT", "/", "folder of the host below which dev is"),
    (
        "--taint-effects",
        "DRA_DRIVER_TAINT_EFFECTS",
        "",
        "FAULT=EFFECT, separated by commas: effects of taints other than the defaults; a wrong one lists them",
    ),
    (
        "--additional-xids-to-ignore",
        "ADDITIONAL_XIDS_TO_IGNORE",
        "",
        "XIDs, separated by commas, of which a taint only informs, beside those of applications",
    ),
    (
        "--cdi-generator",
        "DRA_DRIVER_CDI_GENERATOR",
        "auto",
        "with --nvidia-cdi-hook-path, what lists the driver's files: nvidia-ctk, own, or auto: nvidia-ctk if it is on the PATH",
    ),
    (
        "--nvidia-cdi-hook-path",
        "NVIDIA_CDI_HOOK_PATH",
        "",
        "nvidia-cdi-hook on the host, with which containers get the driver's libraries; empty: they bring their own",
    ),
    (
        "--feature-gates",
        "FEATURE_GATES",
        "",
        "Gate=true or Gate=false, separated by commas; a wrong one lists them",
    ),
    (
        "--consumable-shares",
        "CONSUMABLE_SHARES",
        "memory",
        "with ConsumableShares: memory, unlimited, or how many shares a device has",
    ),
    ("--log-format", "DRA_DRIVER_LOG_FORMAT", "text", "text or json"),
    ("--log-level", "DRA_DRIVER_LOG_LEVEL", "info", "debug, info, warning or error"),
)
