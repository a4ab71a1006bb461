"""What the API server warns of without refusing it: texts of ``Warning`` headers (``pkg/registry/*/*/strategy.go``, 1.36)."""

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names


def warnings_of(kind: str, item: JsonObject, old: JsonObject | None = None) -> list[str]:
    """Warnings about ITEM of the built-in KIND; OLD is what it replaces, None for a new object."""
    if kind == "ResourceSlice":
        driver = (item.get("spec") or {}).get("driver") or ""
        if driver != driver.lower():
            return [
                f'spec.driver: driver names should be lowercase; "{driver}" contains uppercase characters'
            ]
    # Upstream does not warn when a pod is updated: controllers do that often, people hardly ever (podStrategy).
    if kind == "Pod" and old is None:
        problems = names.label(item["metadata"].get("name") or "")
        if problems:
            detail = (
                "this is used in the Pod's hostname, which can result in surprising behavior; "
                f"a DNS label is recommended: [{' '.join(problems)}]"
            )
            return [f"metadata.name: {detail}"]
    return []
