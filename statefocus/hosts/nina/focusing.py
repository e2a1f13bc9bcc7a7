"""N.I.N.A.'s own autofocus: seen while it runs, and asked afterwards what it found."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from statefocus import events
from statefocus.errors import DeviceError
from statefocus.events import Event
from statefocus.hosts.nina.api import Api
from statefocus.hosts.nina.reading import number, points_of, table, whole, words

AGAIN_S = 60.0
"""An end that is told once more within so long of the first is the same one."""

LATE_S = 5.0
"""A point that is told within so long of the end belongs to what has ended."""

STANDS_S = 1.0
STANDS_WITHIN = 20

FOLLOWED = "N.I.N.A. has focused by itself."
NOT_OURS = "N.I.N.A. has focused by itself, which host.nina.own_autofocus = refuse does not take for a focus."
FAILED = "N.I.N.A.'s own autofocus has failed."


@dataclass(slots=True)
class OwnAutofocus:
    """One autofocus of N.I.N.A., as far as its events tell.

    Attributes
    ----------
    since_t
        When it began; None while none runs.
    heard_t
        When it told something last.
    ended_t
        When the last one ended.
    points
        Its curve so far.
    """

    since_t: float | None = None
    heard_t: float = 0.0
    ended_t: float | None = None
    points: list[tuple[float, float]] = field(default_factory=list)

    def starts(self, now: float) -> bool:
        """Note that it runs; False where that was known."""
        self.heard_t = now
        known, self.since_t = self.since_t is not None, self.since_t or now
        if not known:
            self.points = []
        return not known

    def takes(self, point: tuple[float, float]) -> None:
        """Note a point of its curve."""
        if point not in self.points:
            self.points.append(point)

    def has_just_ended(self, now: float) -> bool:
        """Whether what is told now may be of the one before."""
        return self.since_t is None and self.ended_t is not None and now - self.ended_t < LATE_S

    def ends(self, now: float) -> tuple[float, tuple[tuple[float, float], ...]] | None:
        """Note that it has ended; gives its duration and curve, or None where that was told before."""
        if self.since_t is None and self.ended_t is not None and now - self.ended_t < AGAIN_S:
            return None
        seconds, points = now - (self.since_t or now), tuple(self.points)
        self.since_t, self.ended_t, self.points = None, now, []
        return round(seconds, 1), points


class Found:
    """Asks what an autofocus has found.

    Parameters
    ----------
    api
        N.I.N.A.
    position
        Reads our own focuser, whose steps count; None where it cannot be read.
    """

    def __init__(self, api: Api, position: Callable[[], int | None]) -> None:
        self._api, self._position = api, position

    def found(
        self, seconds: float, points: tuple[tuple[float, float], ...], trigger: str
    ) -> Generator[float, None, Event]:
        """Give the event that tells of it, once the focuser stands still."""
        position = yield from self._where()
        report = self._report(points)
        best = table(report.get("CalculatedFocusPoint"))
        return events.HostRefocused(
            position=position,
            seconds=seconds,
            measure=number(best.get("Value")),
            filter=words(report.get("Filter")),
            temperature_c=number(report.get("Temperature")),
            trigger=trigger,
            sentence=FOLLOWED,
            points=points or points_of(report),
        )

    def _where(self) -> Generator[float, None, int | None]:
        """Read where our focuser stands, twice the same; what N.I.N.A. tells of its own, where ours cannot be read."""
        former = self._position()
        for _ in range(STANDS_WITHIN):
            yield STANDS_S
            here = self._position()
            if here is not None and here == former:
                return here
            former = here
        return whole(self._asked("/equipment/focuser/info").get("Position")) if former is None else former

    def _report(self, points: tuple[tuple[float, float], ...]) -> Mapping[str, Any]:
        """Read its last report; nothing where that is of another autofocus than the points that were heard."""
        report = self._asked("/equipment/focuser/last-af")
        told = {round(position) for position, _ in points_of(report)}
        heard = {round(position) for position, _ in points}
        return {} if heard and not heard & told else report

    def _asked(self, path: str) -> Mapping[str, Any]:
        try:
            return self._api.table(path)
        except DeviceError:
            return {}
