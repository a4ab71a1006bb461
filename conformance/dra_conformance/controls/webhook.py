"""The control driver's admission webhook: it refuses claims whose paint the driver would refuse."""

import argparse
import json
import ssl
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dra_conformance.controls.defects import DEFECTS
from dra_conformance.controls.painting import problem_of

BYTES_MAX = 1 << 22


def problems(request: Any, driver: str, defect: str) -> Iterator[str]:
    """What is wrong with the object of a request."""
    if defect == "webhook-knows-v1" and request["resource"]["version"] != "v1":
        yield f"unexpected resource {request['resource']}"
        return
    item = request["object"]
    spec = item["spec"]["spec"] if item["kind"] == "ResourceClaimTemplate" else item["spec"]
    for entry in spec.get("devices", {}).get("config") or []:
        opaque = entry.get("opaque") or {}
        if opaque.get("driver") != driver and defect != "webhook-judges-others":
            continue
        if problem := problem_of(opaque.get("parameters") or {}, "FromClaim", defect):
            yield problem


def main() -> int:
    """Serve until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("--driver-name", "--host", "--certificate", "--key"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--defect", default="", choices=["", *DEFECTS], metavar="NAME")
    arguments = parser.parse_args()

    class Handler(BaseHTTPRequestHandler):
        """One review."""

        def do_POST(self) -> None:
            """Answer it."""
            raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), BYTES_MAX))
            review = json.loads(raw)
            request = review["request"]
            found = list(problems(request, arguments.driver_name, arguments.defect))
            response = {"uid": request["uid"], "allowed": not found, "status": {"message": "; ".join(found)}}
            body = json.dumps({**review, "request": None, "response": response}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer((arguments.host, arguments.port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
