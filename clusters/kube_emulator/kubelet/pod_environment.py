"""Pure: the environment that a container's own spec gives it, before CDI."""

import re
from collections.abc import Callable, Mapping

from dra_api.objects import ContainerSpec, EnvVarSource, JsonObject, Pod

REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
Look = Callable[[str, str], JsonObject | None]
"""(plural, name) to the object in the pod's namespace, or None."""


def environment_of(
    pod: Pod, container: ContainerSpec, services: Mapping[str, str], *, ip: str, host_ip: str, look: Look
) -> dict[str, str]:
    """The variables of ``env`` and ``envFrom`` over those of SERVICES; a reference to something that is not there gives none."""
    found = dict(services)
    for source in container.get("envFrom") or []:
        prefix = source.get("prefix", "")
        references = (("configmaps", source.get("configMapRef")), ("secrets", source.get("secretRef")))
        for plural, reference in references:
            if reference and (item := look(plural, reference["name"])):
                found |= {prefix + name: value for name, value in (item.get("data") or {}).items()}
    for variable in container.get("env") or []:
        origin = variable.get("valueFrom")
        value = referred(pod, origin, ip, host_ip, look) if origin else variable.get("value", "")
        if value is not None:
            found[variable["name"]] = expanded(value, found)
    return found


def referred(pod: Pod, source: EnvVarSource, ip: str, host_ip: str, look: Look) -> str | None:
    """The value of a ``valueFrom``."""
    if field := source.get("fieldRef"):
        return fields_of(pod, ip, host_ip).get(field["fieldPath"])
    references = (("configmaps", source.get("configMapKeyRef")), ("secrets", source.get("secretKeyRef")))
    for plural, reference in references:
        if reference:
            item = look(plural, reference["name"])
            return ((item or {}).get("data") or {}).get(reference["key"])
    return None


def fields_of(pod: Pod, ip: str, host_ip: str) -> dict[str, str]:
    """What ``fieldRef`` can name."""
    metadata, spec = pod["metadata"], pod["spec"]
    labels = {f"metadata.labels['{k}']": v for k, v in (metadata.get("labels") or {}).items()}
    notes = {f"metadata.annotations['{k}']": v for k, v in (metadata.get("annotations") or {}).items()}
    return {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.hostIP": host_ip,
        "status.podIP": ip,
        "status.podIPs": ip,
        **labels,
        **notes,
    }


def expanded(value: str, known: Mapping[str, str]) -> str:
    """VALUE with ``$(NAME)`` replaced where NAME is known, once; ``$$`` gives a dollar (third_party/forked/golang/expansion)."""
    return REFERENCE.sub(lambda found: "$" if found[1] is None else known.get(found[1], found[0]), value)
