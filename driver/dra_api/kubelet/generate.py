"""Writes the gRPC stubs in ``_generated`` from the contracts in ``protos``; ``--check`` says whether they are stale.

The stubs are made with the oldest grpcio-tools that is supported (group ``generate`` in pyproject.toml):
protobuf loads stubs of older makers, never of newer ones. Each proto file is mapped below
``dra_api/kubelet/_generated`` so that imports are absolute and file names are unique in the descriptor pool.

Run it with ``python -m dra_api.kubelet.generate`` in an environment that has the group, e.g. ``tox -e generated``.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PROTOS = HERE / "protos"
OUTPUT = HERE / "_generated"
VIRTUAL = "dra_api/kubelet/_generated"
FACADE = '"""gRPC stubs, written by ``python -m dra_api.kubelet.generate``; edits are lost."""\n'


def make(into: Path) -> dict[str, str]:
    """Generate into the empty folder INTO and return {file name: content}.

    Raises:
        subprocess.CalledProcessError: protoc refused a contract.
    """
    names = sorted(path.name for path in PROTOS.glob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{VIRTUAL}={PROTOS}"]
    command += [f"--{kind}_out={into}" for kind in ("python", "mypy", "grpc_python", "mypy_grpc")]
    subprocess.run([*command, *(f"{VIRTUAL}/{name}" for name in names)], check=True)
    made = {path.name: path.read_text() for path in sorted((into / VIRTUAL).iterdir())}
    return {"__init__.py": FACADE, **made}


def main() -> int:
    """Write the stubs, or with ``--check`` compare them; 1 if they are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a stub is stale")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        wanted = make(Path(scratch))
    found = {path.name: path.read_text() for path in OUTPUT.glob("*.py*") if path.is_file()}
    stale = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if arguments.check:
        for name in stale:
            print(f"stale: {OUTPUT / name}; run python -m dra_api.kubelet.generate", file=sys.stderr)  # noqa: T201
        return 1 if stale else 0
    OUTPUT.mkdir(exist_ok=True)
    for name in stale:
        if name in wanted:
            (OUTPUT / name).write_text(wanted[name])
        else:
            (OUTPUT / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
