"""Refuses pods whose priority is not that of their class, a second default class, and the end of a system class.

After plugin/pkg/admission/priority (1.37). What a pod gets from its class is in ``validation.priority``.
"""

from kube_emulator.apiserver.admission.cluster_view import Objects
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.status import forbidden
from kube_emulator.apiserver.validation.priority import SYSTEM, complaint

CLASSES, GROUP = "priorityclasses", "scheduling.k8s.io"


class Priority:
    """The check of one cluster."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def check(self, write: Write) -> None:
        """Check an object before it is stored.

        Raises:
            ApiError: 403.
        """
        why = ""
        if (write.group, write.plural, write.operation, write.subresource) == ("", "pods", "CREATE", ""):
            why = complaint(write.item["spec"], self._objects.values(CLASSES))
        elif (write.group, write.plural) == (GROUP, CLASSES):
            why = self._class(write)
        if why:
            raise forbidden(write.plural, write.group, write.name, why)

    def _class(self, write: Write) -> str:
        if write.operation == "DELETE":
            return "this is a system priority class and cannot be deleted" if write.name in SYSTEM else ""
        if not write.item.get("globalDefault"):
            return ""
        others = [
            item["metadata"]["name"] for item in self._objects.values(CLASSES) if item.get("globalDefault")
        ]
        if not others or (write.operation == "UPDATE" and write.name in others):
            return ""
        return f"PriorityClass {others[0]} is already marked as default. Only one default can exist"
