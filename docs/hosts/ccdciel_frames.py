"""CCDciel: the script that a capture step runs before and after each image; copy it as `statefocus.script`.

CCDciel calls it with `0,seconds,stack,number,count` before an image, and waits for it; with `1` after one; at the
beginning and at the end of a sequence with the word that is written there. It heeds no exit code, so a stop is told to
it over JSON-RPC (port 3277, or what CCDCIEL_HOST and CCDCIEL_PORT say).
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
            result = json.load(answer).get("result")
    except (OSError, ValueError):
        return None
    return result.get("status") if isinstance(result, dict) else result


def frame() -> tuple[str, list[str]]:
    """Say what the step takes: its type, by the names that CCDciel gives to its types, and its filter."""
    named = {str(ccdciel(f"{each}Dir")): each.lower() for each in ("Light", "Bias", "Dark", "Flat")}
    kind = ccdciel("Capture_GetFrameType")
    names, slot = ccdciel("Wheel_GetFiltersName"), str(ccdciel("Wheel_GetFilter"))
    known = isinstance(names, list) and slot.isdigit() and 0 < int(slot) <= len(names)
    in_filter = ["--filter", str(names[int(slot) - 1])] if known else []  # type: ignore[index]
    return "light" if kind is None else named.get(str(kind), "dark"), in_filter  # a type of one's own is no light


def statefocus(*words: str, while_ccdciel_runs: bool = False) -> tuple[int, dict[str, str]]:
    """Call statefocus; give its exit code and its answer. Who stops CCDciel meanwhile cancels the run it waits for."""
    with subprocess.Popen(["statefocus", *words], stdout=subprocess.PIPE, text=True) as call:
        while True:
            try:
                told, _ = call.communicate(timeout=2)
                break
            except subprocess.TimeoutExpired:
                stopped = while_ccdciel_runs and ccdciel("Capture_Running") is False
                if stopped and statefocus("ctl", "cancel")[0] != 0:
                    call.kill()  # no run is under way: it waits for something else
    sys.stdout.write(told)
    sys.stdout.flush()
    return call.returncode, json.loads(told) if told.startswith("{") else {}


def before_image(seconds: float, stack: int) -> int:
    """Wait until the image may begin, and stop CCDciel's sequence where it should not. A 3, no session, lets it."""
    kind, in_filter = frame()
    call = ("gate", "--host", "ccdciel", "--frame", kind, *in_filter, "--exposure", str(seconds * stack))
    while True:
        code, said = statefocus(*call, while_ccdciel_runs=True)
        if ccdciel("Capture_Running") is False:  # somebody has stopped it, and may have begun something else
            statefocus("notify", "plan-finished", "--reason", "CCDciel was stopped")
            return code
        if code != 1:
            return code
        if said.get("answer") != "busy":
            ccdciel("LogMsg", f"statefocus: stop. {said.get('why', '')}")
            ccdciel("Sequence_Stop")
            return code


def after_image() -> int:
    """Tell which frame was saved."""
    kind, in_filter = frame()
    file = ccdciel("Capture_GetLastFilename")
    return statefocus("notify", "frame-saved", *(["--file", str(file)] if file else []), "--type", kind, *in_filter)[0]


if __name__ == "__main__":
    what, *told = (sys.argv[1] if len(sys.argv) > 1 else "1").split(",")
    if what == "0":
        sys.exit(before_image(float(told[0]), int(told[1])))
    sys.exit(after_image() if what == "1" else statefocus("notify", what)[0])
