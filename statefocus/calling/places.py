"""Where a session says how it can be reached: one small file for each rig, readable by its owner alone."""

from __future__ import annotations

import json
import os
import sys
import time

ENVIRONMENT = "STATEFOCUS_SESSION"
"""Names the file of the session that is meant, instead of a search for it."""


FORGOTTEN_AFTER_S = 12 * 3600.0
"""A run that was cut off longer ago is of another night."""


class NoSession(Exception):  # it is an answer, and often no error
    """No session is known that could be asked; the message is a sentence for a person."""


class ManySessions(Exception):  # it is a question to the caller
    """Several sessions could be meant; the message is a sentence for a person."""


class Known:
    """What a session's file tells.

    Parameters
    ----------
    path
        The file.
    told
        Its content: rig, port, token, pid, when_down, wait_s, trace, ended; left, the note on a run that is under way.
    """

    def __init__(self, path: str, told: dict[str, object]) -> None:
        self.path = path
        self.rig, self.token = str(told.get("rig", "?")), str(told.get("token", ""))
        self.port, self.pid = _whole(told.get("port")), _whole(told.get("pid"))
        self.trace, self._left = str(told.get("trace", "")), str(told.get("left", ""))
        self.when_down, self.ended = str(told.get("when_down", "report")), bool(told.get("ended", False))
        wait_s = told.get("wait_s")
        self.wait_s = float(wait_s) if isinstance(wait_s, (int, float)) else 3600.0

    @property
    def left(self) -> str:
        """Tell that a run was cut off, and has left the focuser out of focus; empty where none was."""
        try:
            with open(self._left, encoding="utf-8") as file:
                told = json.load(file)
            start, low, high = told["start_position"], told["low"], told["high"]
            if start == low == high or time.time() - told["at"] > FORGOTTEN_AFTER_S:
                return ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""
        return f" A run was cut off: the focuser may stand out of focus, and stood at {start} before it."


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def folder() -> str:
    """Where sessions are told; the same for every program of one person, whatever started it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(os.path.join("~", "AppData", "Local"))
    else:
        base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser(os.path.join("~", ".local", "state"))
    return os.path.join(base, "statefocus", "sessions")


def file_of(rig: str) -> str:
    """The file of a rig's session."""
    return os.path.join(folder(), f"{rig}.json")


def read(path: str) -> Known:
    """Read a session's file.

    Raises
    ------
    NoSession
        Where there is none, or where it cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
    except FileNotFoundError:
        raise NoSession(f"No session has told how it can be reached ({path}): start `statefocus serve`.") from None
    except (OSError, ValueError) as error:
        raise NoSession(f"The file of the session cannot be read ({path}: {error}).") from None
    if not isinstance(told, dict):
        raise NoSession(f"The file of the session tells nothing ({path}).")
    return Known(path, told)


def find(rig: str | None = None, file: str | None = None) -> Known:
    """Find the session that is meant: by its file, by its rig, or the only one that answers; else the newest.

    Raises
    ------
    NoSession
        Where there is none, or where none answers and their profiles choose differently for that.
    ManySessions
        Where several are attended at once.
    """
    if file is None and rig is None:
        file = os.environ.get(ENVIRONMENT)
    if file is not None:
        return read(file)
    if rig is not None:
        return read(file_of(rig))
    known = [read(path) for path in _files()]
    if not known:
        raise NoSession(f"No session has told how it can be reached ({folder()}): start `statefocus serve`.")
    if len(known) == 1:
        return known[0]
    alive = [one for one in known if not one.ended and answers(one.port)]
    if len(alive) > 1:
        raise ManySessions(f"Several sessions are attended: {', '.join(one.rig for one in alive)}; say --rig NAME.")
    if not alive and len({one.when_down for one in known}) > 1:
        chosen = ", ".join(f"{one.rig} ({one.when_down})" for one in known)
        raise NoSession(f"No session is attended, and the rigs choose differently for that: {chosen}; say --rig NAME.")
    return alive[0] if alive else known[0]


def _files() -> list[str]:
    """The files of all sessions, the newest first."""
    try:
        paths = [entry.path for entry in os.scandir(folder()) if entry.name.endswith(".json")]
        return sorted(paths, key=os.path.getmtime, reverse=True)
    except OSError:
        return []


def answers(port: int) -> bool:
    """Whether anybody listens on that port of this machine; one that hangs does."""
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except TimeoutError:
        return True
    except (OSError, OverflowError):
        return False
    return True
