"""Refuses claims for which a ResourceQuota has no room (apiserver pkg/admission/plugin/resourcequota, 1.37).

Upstream books a claim in the status of the quota before it is stored. Here the stored claims are counted, which is exact because
nothing is written between the count and the claim; the controller writes the status after.
"""

from kube_emulator.apiserver.admission.cluster_view import Objects
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.status import forbidden
from kube_emulator.apiserver.validation.quota import complaint


class Quota:
    """The check of one cluster."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def check(self, write: Write) -> None:
        """Check an object before it is stored.

        Raises:
            ApiError: 403.
        """
        if (write.plural, write.operation, write.subresource) != ("resourceclaims", "CREATE", ""):
            return
        quotas = self._objects.values("resourcequotas", write.namespace)
        claims = self._objects.values("resourceclaims", write.namespace) if quotas else []
        for quota in quotas:
            why = complaint(quota, write.item, claims)
            if why:
                raise forbidden(write.plural, write.group, write.name, why)
