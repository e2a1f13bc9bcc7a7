"""A note that guiding is stopped, as a small file: where statefocus is killed, its next session starts it again."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from urllib.parse import quote

from statefocus.calling.places import folder
from statefocus.profile import Nina
from statefocus.whole_file import whole_file

FRESH_S = 1800.0
"""What was stopped longer ago may have been left so by a person since."""


class GuidingNote:
    """The file, which is there as long as it is we who have stopped guiding; nothing fails where it cannot be kept.

    Parameters
    ----------
    settings
        Which N.I.N.A. it is about; neither the profile's name nor where statefocus was started matters.
    """

    def __init__(self, settings: Nina) -> None:
        # the folder is the sessions', and theirs alone end in .json
        name = f"nina-{quote(settings.address.lower(), safe='')}-{settings.port}.guiding-stopped"
        self._path = Path(folder()) / name

    def is_fresh(self) -> bool:
        """Whether there is one, of a short while ago."""
        try:
            stopped_t = float(json.loads(self._path.read_text("utf-8"))["stopped_t"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False
        return abs(time.time() - stopped_t) < FRESH_S

    def write(self) -> None:
        """Write it whole, or not at all."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(self._path) as file:
                file.write(json.dumps({"stopped_t": round(time.time())}).encode())

    def remove(self) -> None:
        """It guides again, or what it does is not ours any more."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
