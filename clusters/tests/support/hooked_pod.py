"""A pod whose device brings OCI hooks."""

import json
from typing import Any

from emulated_node import EmulatedNode
from recording_driver import RecordingDriver

from dra_api.objects import JsonObject
from kube_emulator.kubelet.runtime import RUN_ANNOTATION


async def run_pod(node_env: EmulatedNode, hooks: list[JsonObject], line: str, **edits: Any) -> JsonObject:
    """The state of a container that runs a line of shell and has a device with HOOKS and other EDITS, after its end."""
    devices = [{"name": "c", "containerEdits": {"hooks": hooks, **edits}}]
    spec = {"cdiVersion": "1.1.0", "kind": "example.com/gpu", "devices": devices}
    (node_env.node.cdi_dir / "a.json").write_text(json.dumps(spec))
    main: JsonObject = {"name": "main", "image": "x", "command": ["/bin/sh", "-c", line]}
    main["resources"] = {"claims": [{"name": "c"}]}
    async with RecordingDriver(node_env.node):
        await node_env.registered()
        node_env.claim()
        node_env.pod(
            claims=["c"], annotations={RUN_ANNOTATION: "true"}, restartPolicy="Never", containers=[main]
        )
        await node_env.until(lambda: node_env.phase() in ("Failed", "Succeeded"))
    state: JsonObject = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]["state"]
    return state
