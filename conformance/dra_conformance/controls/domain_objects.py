"""What the control driver's ComputeDomains need in a cluster, printed as YAML: definition and device class. And their names."""

import argparse
import json
import sys
from typing import Any

GROUP, VERSION = "resource.nvidia.com", "v1beta1"
DOMAINS = f"/apis/{GROUP}/{VERSION}/computedomains"
LABEL = f"{GROUP}/computeDomain"
CLASS = "control-channel"
CLIQUE_LABEL = "nvidia.com/gpu.clique"
CHANNEL = "channel-0"
KIND = "ChannelConfig"


def definition(defect: str) -> dict[str, Any]:
    """The definition of ComputeDomain."""
    template: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}}
    channel: dict[str, Any] = {"type": "object", "properties": {"resourceClaimTemplate": template}}
    if defect != "needs-no-template":
        template["required"] = ["name"]
        channel["required"] = ["resourceClaimTemplate"]
    number: dict[str, Any] = {"type": "integer"} | ({} if defect == "takes-any-number" else {"minimum": 0})
    spec: dict[str, Any] = {"type": "object", "properties": {"numNodes": number, "channel": channel}}
    if defect != "changes-domains":
        spec["x-kubernetes-validations"] = [{"rule": "self == oldSelf", "message": "a domain stays as it is"}]
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": spec, "status": status}}
    version = {"name": VERSION, "served": True, "storage": True, "subresources": {"status": {}}}
    names = {"kind": "ComputeDomain", "plural": "computedomains", "singular": "computedomain"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"computedomains.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {**names, "listKind": "ComputeDomainList"},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def device_class(driver: str) -> dict[str, Any]:
    """The class of channels."""
    expression = f'device.driver == "{driver}" && device.attributes["{driver}"].type == "channel"'
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": CLASS},
        "spec": {"selectors": [{"cel": {"expression": expression}}]},
    }


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver-name", required=True)
    parser.add_argument("--defect", default="")
    arguments = parser.parse_args()
    for item in (definition(arguments.defect), device_class(arguments.driver_name)):
        sys.stdout.write(json.dumps(item) + "\n---\n")


if __name__ == "__main__":
    main()
