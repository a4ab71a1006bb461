"""From an AdmissionReview to its answer, for GPUs and for ComputeDomains. Pure.

Claims, templates and classes of every served version have their configuration in the same place, so the version does not
matter. Objects without configuration for these drivers are allowed.
"""

from collections.abc import Iterator
from typing import Any

from dra_api.identifiers import DriverName
from dra_driver.claims.opaque import read_config
from dra_driver.computedomain.admission import domain_problems
from dra_driver.computedomain.names import DRIVER as COMPUTE_DOMAINS
from dra_driver.computedomain.requests import check_parameters
from dra_driver.errors import ClaimError

CONFIG_PATHS = {
    "ResourceClaim": ("spec", "devices", "config"),
    "ResourceClaimTemplate": ("spec", "spec", "devices", "config"),
    "DeviceClass": ("spec", "config"),
}
UNPROCESSABLE = 422


def answer(review: Any, driver_name: DriverName) -> dict[str, Any]:
    """The AdmissionReview to send back.

    Raises:
        ValueError: REVIEW is none.
    """
    request = review.get("request") if isinstance(review, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("uid"), str):
        message = "wanted an AdmissionReview with request.uid"
        raise ValueError(message)
    errors = list(problems(request.get("object"), driver_name))
    response: dict[str, Any] = {"uid": request["uid"], "allowed": not errors}
    if errors:
        text = f"{len(errors)} configs failed to validate: {'; '.join(errors)}"
        response["status"] = {"code": UNPROCESSABLE, "reason": "Invalid", "message": text}
    return {
        "apiVersion": review.get("apiVersion", "admission.k8s.io/v1"),
        "kind": "AdmissionReview",
        "response": response,
    }


def problems(item: Any, driver_name: DriverName) -> Iterator[str]:
    """What is wrong with an object: a ComputeDomain, or one with configurations for these drivers."""
    kind = item.get("kind") if isinstance(item, dict) else None
    if kind == "ComputeDomain":
        yield from domain_problems(item)
    path = CONFIG_PATHS.get(str(kind), ())
    found = item if path else None
    for member in path:
        found = found.get(member) if isinstance(found, dict) else None
    for index, entry in enumerate(found if isinstance(found, list) else []):
        opaque = entry.get("opaque") if isinstance(entry, dict) else None
        named = opaque.get("driver") if isinstance(opaque, dict) else None
        if isinstance(opaque, dict) and named in (driver_name, COMPUTE_DOMAINS):
            parameters, where = opaque.get("parameters"), f"{'.'.join(path)}[{index}].opaque.parameters"
            try:
                if named == COMPUTE_DOMAINS:
                    check_parameters(parameters, where)
                else:
                    read_config(driver_name, parameters, where)
            except ClaimError as error:
                yield str(error)
