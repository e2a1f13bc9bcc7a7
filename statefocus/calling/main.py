"""Reads what a person or a script types, asks the session, prints one JSON line, and chooses the exit code."""

from __future__ import annotations

import json
import os
import sys

from statefocus.calling import places, wire
from statefocus.calling.words import CTL, EVENTS, GATE, Option, Unsaid, Word

COMMANDS = ("gate", "notify", "ctl")
_COMMON = (
    Option("rig", "text", "Name of the rig whose session is asked, where there are several."),
    Option("session", "text", f"File of the session; {places.ENVIRONMENT} in the environment does the same."),
    Option("wait", "number", "Seconds to wait at most; host.gate.wait_min of the profile where it is left out."),
)
NOTIFY_WAIT_S = 60.0
_TOO_LONG = "This call may wait no longer"


class _Help(Exception):
    """A person asked for help."""


def main(argv: list[str]) -> int:
    """Carry out one of the commands; gives the exit code."""
    command, words = argv[0], argv[1:]
    try:
        return _carried_out(command, words)
    except _Help as text:
        sys.stdout.write(f"{text}\n")
        return 0
    except Unsaid as error:
        sys.stderr.write(f"{error} `statefocus {command} --help` tells what can be said.\n")
        return 2
    except (places.ManySessions, wire.Misunderstood) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped before there was an answer.\n")
        return 1


def _carried_out(command: str, words: list[str]) -> int:
    if command == "gate":
        told = _read(GATE, words)
        common = _taken(told)
        return _gate(told, common)
    known = EVENTS if command == "notify" else CTL
    if not words or words[0] in ("--help", "-h"):
        raise _Help(_list(command, known))
    word = known.get(words[0])
    if word is None:
        raise Unsaid(f"`{words[0]}` is no word of `statefocus {command}`.")
    told = _read(word, words[1:], command)
    common = _taken(told)
    return _tell(command, word, told, common)


# --- asking ---


def _gate(told: dict[str, object], common: dict[str, object]) -> int:
    told.setdefault("host", f"process {os.getppid()}")
    try:
        session = _found(common)
    except places.NoSession as error:
        return _down(str(error), "report", "gate")
    if session.ended:
        return _down(_ended(session) + session.left, session.when_down, "gate")
    try:
        answer = wire.ask(session, "/gate", told, _wait_s(common, session.wait_s))
    except wire.WaitedLong as busy:
        _print({"answer": "busy", "why": f"No frame may start yet: {_waits(busy)}. {_TOO_LONG}: call again."})
        return 1
    except wire.Down as error:
        return _down(str(error) + session.left, session.when_down, "gate")
    if answer.get("answer") == "down":
        return _down(str(answer.get("why", "")) + session.left, session.when_down, "gate")
    _print(answer)
    return 0 if answer.get("answer") == "go" else 1


def _tell(command: str, word: Word, told: dict[str, object], common: dict[str, object]) -> int:
    when_down = "report"
    try:
        session = _found(common)
        when_down = session.when_down
        if session.ended:
            return _down(_ended(session), when_down, command)
        if isinstance(told.get("file"), str):  # the session has another working folder
            told["file"] = os.path.abspath(str(told["file"]))
        said: dict[str, object] = {"word": word.name, "told": told}
        answer = wire.ask(session, f"/{command}", said, _wait_s(common, NOTIFY_WAIT_S))
    except wire.WaitedLong as busy:
        _print({"answer": "busy", "why": f"It was told, and is not worked off yet: {_waits(busy)}. {_TOO_LONG}."})
        return 1 if command == "ctl" else 0
    except (places.NoSession, wire.Down) as error:
        return _down(str(error), when_down, command)
    if answer.get("answer") == "down":
        return _down(str(answer.get("why", "")), when_down, command)
    _print(answer)
    return 1 if command == "ctl" and answer.get("answer") == "ignored" else 0


def _found(common: dict[str, object]) -> places.Known:
    rig, file = common.get("rig"), common.get("session")
    return places.find(str(rig) if rig else None, str(file) if file else None)


def _ended(session: places.Known) -> str:
    return f"The session of {session.rig} has ended: start `statefocus serve` again."


def _waits(busy: wire.WaitedLong) -> str:
    return str(busy) or "the session has not told what it waits for"


def _wait_s(common: dict[str, object], usual: float) -> float:
    wait = common.get("wait")
    return wait if isinstance(wait, float) else usual


def _down(why: str, when_down: str, command: str) -> int:
    """Answer for a session that does not: as its profile has chosen."""
    if command != "gate":
        _print({"answer": "unreachable", "why": why})
        return 0 if command == "notify" and when_down == "go" else 3
    if when_down == "report":
        _print({"answer": "unreachable", "why": why})
        return 3
    does = "lets the frame go" if when_down == "go" else "stops the host"
    _print({"answer": when_down, "why": f"{why} host.gate.when_down = {when_down} {does}.", "reached": False})
    return 0 if when_down == "go" else 1


def _print(answer: dict[str, object]) -> None:
    try:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):  # nobody reads it, or there is no console: the exit code still tells
        sys.stdout = None


# --- reading what was typed ---


def _read(word: Word, words: list[str], command: str = "") -> dict[str, object]:
    options = {f"--{option.name}": option for option in (*word.options, *_COMMON)}
    told: dict[str, object] = {}
    rest = list(words)
    while rest:
        name, equals, text = rest.pop(0).partition("=")
        if name in ("--help", "-h"):
            raise _Help(_help(word, command))
        if name[2:] in word.flags and name.startswith("--") and not equals:
            told[name[2:]] = True
            continue
        option = options.get(name)
        if option is None:
            raise Unsaid(f"`{word.name}` knows no {name}.")
        if not equals:
            if not rest:
                raise Unsaid(f"{name} needs a value: {option.allowed}.")
            text = rest.pop(0)
        if text or option.kind != "text":  # --filter "" of a host without a filter tells nothing
            told[option.key] = option.read(text)
    missing = [option.name for option in word.options if option.needed and option.key not in told]
    if missing:
        raise Unsaid(f"`{word.name}` needs --{missing[0]}.")
    return told


def _taken(told: dict[str, object]) -> dict[str, object]:
    """Take what is common to all calls out of what was told."""
    return {option.key: told.pop(option.key) for option in _COMMON if option.key in told}


def _list(command: str, words: dict[str, Word]) -> str:
    wide = max(len(name) for name in words)
    lines = [f"{name:<{wide}}  {word.says}" for name, word in words.items()]
    what = "Tell the session what the host does." if command == "notify" else "Steer the session that is attended."
    return "\n".join((f"Usage: statefocus {command} WORD [--option value]...", "", what, "", *lines))


def _help(word: Word, command: str) -> str:
    name = f"{command} {word.name}".strip()
    rows = [(f"--{flag}", says) for flag, says in word.flags.items()]
    rows += [(f"--{option.name} ({option.allowed})", option.says) for option in (*word.options, *_COMMON)]
    wide = max(len(left) for left, _ in rows)
    lines = [f"  {left:<{wide}}  {says}" for left, says in rows]
    return "\n".join((f"Usage: statefocus {name} [--option value]...", "", word.says, "", *lines))
