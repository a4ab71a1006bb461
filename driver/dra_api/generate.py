"""Writes the stubs in ``_generated`` from the contracts in ``protos``; ``--check`` says whether they are stale.

The kubelet's contracts are gRPC and get its services too; NRI's are ttrpc, of which only the messages are generated.
The stubs are made with the oldest grpcio-tools that is supported (group ``generate`` in pyproject.toml):
protobuf loads stubs of older makers, never of newer ones. Each proto file is mapped below
``dra_api/NAME/_generated`` so that imports are absolute and file names are unique in the descriptor pool.

Run it with ``python -m dra_api.generate`` in an environment that has the group, e.g. ``tox -e generated``.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
OUTPUT = HERE
MESSAGES = ("python", "mypy")
CONTRACTS = {"kubelet": (*MESSAGES, "grpc_python", "mypy_grpc"), "nri": MESSAGES}
"""{folder of contracts: protoc's plugins}."""
FACADE = '"""Stubs, written by ``python -m dra_api.generate``; edits are lost."""\n'


def make(name: str, into: Path) -> dict[str, str]:
    """Generate the contracts NAME into the empty folder INTO and return {file name: content}.

    Raises:
        subprocess.CalledProcessError: protoc refused a contract.
    """
    protos, virtual = HERE / name / "protos", f"dra_api/{name}/_generated"
    names = sorted(path.name for path in protos.glob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{virtual}={protos}"]
    command += [f"--{kind}_out={into}" for kind in CONTRACTS[name]]
    subprocess.run([*command, *(f"{virtual}/{name}" for name in names)], check=True)
    made = {path.name: path.read_text() for path in sorted((into / virtual).iterdir())}
    return {"__init__.py": FACADE, **made}


def stale(name: str) -> dict[Path, str | None]:
    """{stub of the contracts NAME that is not as they say: what it should have, None if it should not be there}."""
    with tempfile.TemporaryDirectory() as scratch:
        wanted = make(name, Path(scratch))
    folder = OUTPUT / name / "_generated"
    found = {path.name: path.read_text() for path in folder.glob("*.py*") if path.is_file()}
    names = sorted(wanted.keys() | found.keys())
    return {folder / name: wanted.get(name) for name in names if wanted.get(name) != found.get(name)}


def main() -> int:
    """Write the stubs, or with ``--check`` compare them; 1 if they are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a stub is stale")
    arguments = parser.parse_args()
    changes = {path: content for name in CONTRACTS for path, content in stale(name).items()}
    if arguments.check:
        for path in changes:
            print(f"stale: {path}; run python -m dra_api.generate", file=sys.stderr)  # noqa: T201
        return 1 if changes else 0
    for path, content in changes.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_text(content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
