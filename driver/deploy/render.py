"""Renders the Helm chart to ``manifests_generated.yaml``, for those who have no helm; ``--check`` compares.

python driver/deploy/render.py [--check] [--helm PROGRAM]
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CHART = HERE / "chart"
OUTPUT = HERE / "manifests_generated.yaml"
NAMESPACE = "kube-system"
"""Where pods may have the priority of the node's own."""
HEAD = """\
# Written by driver/deploy/render.py from the Helm chart with its default values; edits are lost.
#     kubectl apply -f manifests_generated.yaml
"""
OF_HELM = re.compile(r"^ +(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n", re.MULTILINE)


def rendered(helm: str) -> str:
    """The chart with its default values, without the labels that say that helm manages it."""
    command = [
        helm,
        "template",
        "dra-driver",
        str(CHART),
        "--namespace",
        NAMESPACE,
        "--kube-version",
        "1.34.0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return HEAD + OF_HELM.sub("", done.stdout)


def main() -> int:
    """Write the file, or with ``--check`` compare it; 1 if it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is stale")
    parser.add_argument("--helm", default="helm", help="the program helm (default: that on the PATH)")
    arguments = parser.parse_args()
    wanted = rendered(arguments.helm)
    if not arguments.check:
        OUTPUT.write_text(wanted)
        return 0
    if wanted != OUTPUT.read_text():
        print(f"stale: {OUTPUT}; run python {Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
