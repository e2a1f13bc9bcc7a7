"""Has the runs of a night saved while somebody watches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from statefocus import events
from statefocus.audience import Audience, PassingOn
from statefocus.devices.values import Exposure
from statefocus.packing.runs import RunFiles
from statefocus.profile import Profile
from statefocus.session import State, Step


class _Saving(PassingOn):
    """Has each run saved besides."""

    def __init__(self, following: Audience, files: RunFiles) -> None:
        super().__init__(following)
        self._files = files

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        super().saw(event, steps, state)
        self._files.saw(event, steps, state)

    def frame(self, name: str, exposure: Exposure) -> None:
        """A focus frame was taken."""
        self._files.frame(name, exposure)
        super().frame(name, exposure)


@contextmanager
def saving_runs(profile: Profile, trace: Path, audience: Audience) -> Iterator[Audience]:
    """Give an audience that saves each run as the profile says (A15, A19); all of it is written at the end."""
    records = profile.records
    if not (records.save_focus_frames or records.save_pictures):
        yield audience
        return
    files = RunFiles(profile, trace, audience.notify)
    try:
        yield _Saving(audience, files)
    finally:
        files.close()
