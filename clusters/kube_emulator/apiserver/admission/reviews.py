"""Pure: what a webhook or policy gets of a write (``AdmissionRequest`` of admission.k8s.io/v1).

After apiserver ``plugin/webhook/request/admissionreview.go`` and ``plugin/cel/condition.go`` (1.37).
"""

from dra_api.objects import JsonObject
from kube_emulator.apiserver.admission.matching import Match
from kube_emulator.apiserver.auth.attributes import User
from kube_emulator.apiserver.auth.write import Write


def request_of(write: Write, match: Match, user: User) -> JsonObject:
    """The request without uid and objects; empty members are left out, as Go does."""
    sent = {"group": write.group, "version": write.version}
    wanted = {"group": write.group, "version": match.version}
    optional = {
        "subResource": write.subresource,
        "requestSubResource": write.subresource,
        "name": write.name,
        "namespace": write.place,
    }
    return {
        "kind": wanted | {"kind": write.kind},
        "resource": wanted | {"resource": write.plural},
        "requestKind": sent | {"kind": write.kind},
        "requestResource": sent | {"resource": write.plural},
        **{name: value for name, value in optional.items() if value},
        "operation": write.operation,
        "userInfo": user.document(),
        "dryRun": write.dry_run,
        "options": dict(write.options),
    }
