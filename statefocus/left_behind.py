"""What a session that is cut off leaves behind, as small files of this user's, which its next session finds.

They lie where sessions tell how they can be reached, so that neither the working directory nor the profile's name
matters; each is of one thing that was left, such as a focuser.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from statefocus.calling.places import folder
from statefocus.devices.owner import name_of
from statefocus.profile import Profile
from statefocus.whole_file import whole_file

RUN, SWITCHED = "run", "switched"
"""Kinds of notes on a focuser: of the run that moves it, and of what was switched for that."""


def note_on_focuser(kind: str, profile: Profile) -> LeftBehind | None:
    """Give the note of a kind on a profile's focuser; None for a simulated one, which is another in each session."""
    focuser = profile.devices.focuser
    return None if focuser is None or profile.devices.embedded else LeftBehind(kind, name_of(focuser))


class LeftBehind:
    """One such file: written while something is under way, removed when it is over.

    It is a help: nothing fails where it cannot be written.

    Parameters
    ----------
    kind
        What is left.
    whose
        Of which thing, in words that the next session uses too.
    """

    def __init__(self, kind: str, whose: str) -> None:
        digest = hashlib.sha256(whose.encode()).hexdigest()[:16]
        self.path = Path(folder()).parent / "left" / f"{kind}-{digest}.json"

    def read(self) -> dict[str, Any]:
        """Read what was left; empty where nothing was, or nothing that can be read."""
        try:
            tree = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return tree if isinstance(tree, dict) else {}

    def write(self, **told: Any) -> bool:
        """Write it whole, or not at all; gives whether it was written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self.path) as file:
                file.write(json.dumps(told).encode())
        except OSError:
            return False
        return True

    def remove(self) -> None:
        """Nothing is left any more."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
