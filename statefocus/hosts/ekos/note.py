"""A note of what is held, as a small file: where statefocus is killed, its next session lets it go."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from statefocus.hosts.ekos.holding import Way
from statefocus.profile import Profile
from statefocus.whole_file import whole_file


@dataclass(frozen=True, slots=True)
class Held:
    """Which KStars is held, how, and how many frames its sequence had taken: as long as it is held, that stays."""

    process: str
    way: Way
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
        self.written = self.found is not None

    def _read(self) -> Held | None:
        try:
            tree = json.loads(self._path.read_text("utf-8"))
            way: Way = "pause" if tree["way"] == "pause" else "suspend"
            return Held(str(tree["process"]), way, int(tree["done"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def write(self, held: Held) -> None:
        """Write it whole, or not at all."""
        self.written = True
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self._path) as file:
                file.write(json.dumps(asdict(held)).encode())

    def remove(self) -> None:
        """Nothing is held any more."""
        self.written, self.found = False, None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
