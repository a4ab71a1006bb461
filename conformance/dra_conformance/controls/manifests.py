"""Prints the Kubernetes objects that would be shipped with the control driver; with ``--defect NAME``, bad ones."""

import argparse
import json
import sys
from typing import Any

from dra_conformance.controls.defects import DEFECTS

DRIVER = "widget.dra-conformance.dev"
DRA = "resource.k8s.io"
RBAC = "rbac.authorization.k8s.io"
NAME = "widgets"
ADMISSION = "admissionregistration.k8s.io/v1"
CLAIM = "authentication.kubernetes.io/node-name"


def rules(defect: str) -> list[dict[str, Any]]:
    """What the driver may do."""
    found: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]},
        {"apiGroups": [DRA], "resources": ["resourceclaims"], "verbs": ["get"]},
        {
            "apiGroups": [DRA],
            "resources": ["resourceslices"],
            "verbs": ["*"]
            if defect == "wildcard-rights"
            else ["list", "watch", "create", "update", "delete"],
        },
        {"apiGroups": [DRA], "resources": ["resourceclaims/status"], "verbs": ["update", "patch"]},
    ]
    node = "arbitrary" if defect == "arbitrary-node" else "associated"
    verbs = [
        f"{node}-node:{verb}" for verb in (("patch",) if defect == "one-status-verb" else ("update", "patch"))
    ]
    if defect != "no-driver-rights":
        found.append(
            {
                "apiGroups": [DRA],
                "resources": ["resourceclaims/driver"],
                "resourceNames": [DRIVER],
                "verbs": verbs,
            }
        )
    if defect == "rights-to-secrets":
        found.append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]})
    return found


def roles(defect: str) -> list[dict[str, Any]]:
    """The role, who has it, and a policy against writes of other nodes' slices."""
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": NAME}
    role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": NAME}
    if defect == "binds-cluster-admin":
        role = {**role, "name": "cluster-admin"}
    expression = f"variables.node == object.spec.nodeName || '{CLAIM}' in request.userInfo.extra"
    matched = {
        "apiGroups": [DRA],
        "apiVersions": ["v1"] if defect == "policy-for-one-version" else ["*"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["resourceslices"],
    }
    return [
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": NAME},
            "rules": rules(defect),
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "roleRef": role,
            "subjects": [subject],
        },
        {
            "apiVersion": ADMISSION,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": NAME},
            "spec": {
                "matchConstraints": {"resourceRules": [matched]},
                "validations": [{"expression": expression}],
            },
        },
        {
            "apiVersion": ADMISSION,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": NAME},
            "spec": {"policyName": NAME, "validationActions": ["Deny"]},
        },
    ]


def daemon_set(defect: str) -> dict[str, Any]:
    """The driver's pods."""
    paths = {
        "registry": "/var/lib/kubelet/plugins_registry",
        "plugins": f"/var/lib/kubelet/plugins/{DRIVER}",
        "cdi": "/var/run/cdi",
    }
    if defect == "mounts-the-host":
        paths["host"] = "/"
    pod: dict[str, Any] = {
        "serviceAccountName": NAME,
        "priorityClassName": "system-node-critical",
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "plugin", "image": "widgets", "securityContext": {"privileged": False}}],
        "volumes": [{"name": name, "hostPath": {"path": path}} for name, path in paths.items()],
    }
    if defect == "no-priority":
        del pod["priorityClassName"]
    surge = 1 if defect == "surges-on-old-kubelets" else 0
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": NAME},
        "spec": {
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge}},
            "template": {"spec": pod},
        },
    }


def objects(defect: str) -> list[dict[str, Any]]:
    """Everything that would be shipped."""
    label = {"resource.kubernetes.io/admin-access": "true"} if defect == "admin-namespace" else {}
    own = f"device.driver == '{DRIVER}'"
    wheels = f"device.attributes['{DRIVER}'].wheels"
    expression = {
        "class-without-driver": f"'{DRIVER}' in device.attributes || true",
        "class-needs-attribute": f"{own} && {wheels} > 2",
        "costly-class": f"{own} && " + "[1, 2, 3, 4].all(x, " * 16 + "true" + ")" * 16,
    }.get(defect, own)
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME, "labels": label}},
        *roles(defect),
        daemon_set(defect),
        {
            "apiVersion": f"{DRA}/v1",
            "kind": "DeviceClass",
            "metadata": {"name": "widget"},
            "spec": {"selectors": [{"cel": {"expression": expression}}]},
        },
    ]


def main() -> int:
    """Print them as a stream of documents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--defect", default="", choices=["", *DEFECTS], metavar="NAME")
    defect = parser.parse_args().defect
    sys.stdout.write("\n---\n".join(json.dumps(item) for item in objects(defect)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
