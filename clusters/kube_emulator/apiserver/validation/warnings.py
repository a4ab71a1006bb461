"""What the API server warns of without refusing it: texts of ``Warning`` headers (``pkg/registry/*/strategy.go``, 1.36)."""

from typing import Any

from kube_emulator.apiserver.validation import names

Object = dict[str, Any]


def warnings_of(kind: str, item: Object) -> list[str]:
    """Warnings about ITEM of that KIND when it is created or changed."""
    if kind == "ResourceSlice":
        driver = (item.get("spec") or {}).get("driver") or ""
        if driver != driver.lower():
            return [
                f'spec.driver: driver names should be lowercase; "{driver}" contains uppercase characters'
            ]
    if kind == "Pod":
        problems = names.label(item["metadata"].get("name") or "")
        if problems:
            detail = (
                "this is used in the Pod's hostname, which can result in surprising behavior; "
                f"a DNS label is recommended: [{' '.join(problems)}]"
            )
            return [f"metadata.name: {detail}"]
    return []
