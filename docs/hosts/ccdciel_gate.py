"""CCDciel: a Python script as a step of the sequence, before the frames of a target; copy it to its scripts folder.

It reads the filter from CCDciel itself (JSON-RPC on port 3277, or what CCDCIEL_HOST and CCDCIEL_PORT say), asks the
gate, and ends with its exit code: CCDciel stops the sequence where a script fails, if its options say so.
"""

import json
import os
import subprocess
import sys
import urllib.request

HOST, PORT = os.environ.get("CCDCIEL_HOST", "127.0.0.1"), os.environ.get("CCDCIEL_PORT", "3277")


def ccdciel(method: str, *params: object) -> object:
    """Call CCDciel; None where it does not answer, or has no such thing."""
    question = json.dumps({"jsonrpc": "2.0", "method": method, "params": list(params), "id": 1}).encode()
    address = f"http://{HOST}:{PORT}/jsonrpc"
    request = urllib.request.Request(address, question, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer).get("result")
    except (OSError, ValueError):
        return None


def words(seconds: str | None) -> list[str]:
    """Say what is known of the next frame."""
    names, wheel = ccdciel("Wheel_GetfiltersName"), ccdciel("Wheel_getfilter")
    slot = wheel.get("status") if isinstance(wheel, dict) else wheel
    said = ["gate", "--host", "ccdciel", "--frame", "light"]
    if isinstance(names, list) and str(slot).isdigit() and 0 < int(str(slot)) <= len(names):
        said += ["--filter", str(names[int(str(slot)) - 1])]
    return [*said, "--exposure", seconds] if seconds else said


if __name__ == "__main__":
    sys.exit(subprocess.run(["statefocus", *words(sys.argv[1] if len(sys.argv) > 1 else None)]).returncode)
