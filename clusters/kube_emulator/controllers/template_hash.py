"""Pure: the hash of a pod template, which names what was made of it and labels its pods.

Upstream hashes Go's dump of the template (controller_utils.go ComputeHash), so its values differ from these; clients use
them as names only. The letters are those of ``rand.SafeEncodeString``.
"""

import hashlib
import json

from dra_api.objects import JsonObject

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
DEPLOYMENT_LABEL, REVISION_LABEL = "pod-template-hash", "controller-revision-hash"


def template_hash(template: JsonObject, collisions: int = 0) -> str:
    """The hash of TEMPLATE; another one after each collision of names."""
    text = json.dumps([template, collisions], sort_keys=True).encode()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in hashlib.sha256(text).digest()[:10])


def without_hash(template: JsonObject) -> JsonObject:
    """TEMPLATE without the label of its hash, to be compared."""
    metadata = template.get("metadata") or {}
    labels = {
        name: value for name, value in (metadata.get("labels") or {}).items() if name != DEPLOYMENT_LABEL
    }
    return {**template, "metadata": {**metadata, "labels": labels}}
