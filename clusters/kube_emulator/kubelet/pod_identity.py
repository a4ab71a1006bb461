"""Pure: a pod's own host name, ``/etc/hosts`` and ``/etc/resolv.conf`` (kubelet pkg/kubelet/{kubelet_pods,network/dns}, 1.36).

Without them a container that is a process would see the machine's own.
"""

from dra_api.objects import Pod

DOMAIN = "cluster.local"
NAME_MAX = 63
LOCAL = (
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "fe00::0\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\n"
    "fe00::2\tip6-allrouters\n"
)


def hostname_of(pod: Pod) -> str:
    """The host name in the pod; that of its node if it is in the node's network."""
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return spec.get("nodeName", "")[:NAME_MAX]
    return (spec.get("hostname") or pod["metadata"]["name"])[:NAME_MAX].rstrip("-.")


def hosts_of(pod: Pod, ip: str, host_ip: str) -> str:
    """``/etc/hosts``."""
    spec, name = pod["spec"], hostname_of(pod)
    if spec.get("hostNetwork"):
        text = f"# Kubernetes-managed hosts file (host network).\n{LOCAL}{host_ip}\t{name}\n"
    else:
        domain = (
            f"{name}.{spec['subdomain']}.{pod['metadata']['namespace']}.svc.{DOMAIN}"
            if spec.get("subdomain")
            else ""
        )
        names = "\t".join(filter(None, [ip, domain, name]))
        text = f"# Kubernetes-managed hosts file.\n{LOCAL}{names}\n"
    aliases = spec.get("hostAliases") or []
    if aliases:
        text += "\n# Entries added by HostAliases.\n"
        text += "".join(
            f"{one['ip']}\t{' '.join(one.get('hostnames') or [])}\n".replace(" ", "\t") for one in aliases
        )
    return text


def resolv_conf_of(pod: Pod, machine: str) -> str:
    """``/etc/resolv.conf``; MACHINE is the machine's.

    A cluster's name server would have to be asked first; there is none here, so names are looked for where the machine does.
    """
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    policy, config = spec.get("dnsPolicy", "ClusterFirst"), spec.get("dnsConfig") or {}
    kept = [line.split() for line in machine.splitlines() if line.strip() and line[0] not in "#;"]
    servers = [word for line in kept if line[0] == "nameserver" for word in line[1:]]
    search = [word for line in kept if line[0] == "search" for word in line[1:]]
    options = [word for line in kept if line[0] == "options" for word in line[1:]]
    if policy == "None":
        servers, search, options = [], [], []
    elif policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not spec.get("hostNetwork")):
        search = [f"{namespace}.svc.{DOMAIN}", f"svc.{DOMAIN}", DOMAIN, *search]
        options = ["ndots:5"]
    servers += config.get("nameservers") or []
    search += config.get("searches") or []
    options += [
        f"{one['name']}:{one['value']}" if one.get("value") else one["name"]
        for one in config.get("options") or []
    ]
    lines = [f"search {' '.join(dict.fromkeys(search))}"] if search else []
    lines += [f"nameserver {server}" for server in dict.fromkeys(servers)]
    lines += [f"options {' '.join(dict.fromkeys(options))}"] if options else []
    return "".join(f"{line}\n" for line in lines)
