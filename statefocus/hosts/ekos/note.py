"""A note of what is held, as a small file: where statefocus is killed, its next session lets it go."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from statefocus.hosts.ekos.holding import Stopped, Way
from statefocus.profile import Profile
from statefocus.whole_file import whole_file


@dataclass(frozen=True, slots=True)
class Held:
    """Which KStars is held, and how: as long as it is held, the number of frames that are `done` stays."""

    process: str
    way: Way
    guiding: bool
    done: int


class Note:
    """The file, which is there as long as something is held; it is a help, and no hold fails where it cannot be kept.

    Parameters
    ----------
    profile
        The file lies beside its records.
    """

    def __init__(self, profile: Profile) -> None:
        self._path = Path(profile.records.folder) / f"{profile.name}.ekos-held.json"
        self.found = self._read()
        self._written = self.found

    def _read(self) -> Held | None:
        try:
            tree = json.loads(self._path.read_text("utf-8"))
            way: Way = tree["way"] if tree["way"] in ("pause", "suspend") else ""
            return Held(str(tree["process"]), way, bool(tree["guiding"]), int(tree["done"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def tells(self, stopped: Stopped) -> bool:
        """Whether it tells of that already."""
        written = self._written
        if written is None:
            return not stopped.anything
        return (written.way, written.guiding) == (stopped.way, stopped.guiding)

    def write(self, held: Held) -> None:
        """Write it whole, or not at all."""
        self._written = held
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self._path) as file:
                file.write(json.dumps(asdict(held)).encode())

    def remove(self) -> None:
        """Nothing is held any more."""
        self._written = self.found = None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
