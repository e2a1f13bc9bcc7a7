"""Gives a session its clock, its crew and its devices: the embedded observatory, or real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from statefocus.audience import Audience
from statefocus.clock import Clock, RealClock, VirtualClock
from statefocus.crew import Crew, ThreadCrew, VirtualCrew
from statefocus.devices.owner import sole_owner
from statefocus.devices.rig import Rig
from statefocus.devices.values import FocuserState
from statefocus.errors import UsageError
from statefocus.profile import Address, Profile


@dataclass(frozen=True, slots=True)
class Figures:
    """How much of a night's light was in focus, by the truth that the observatory knows."""

    lights: int
    out_of_focus: int
    ended_t: float

    @property
    def in_focus_percent(self) -> float:
        """Share of the Light frames that were in focus, percent; 100 of none."""
        return 100 * (1 - self.out_of_focus / self.lights) if self.lights else 100.0


Judge = Callable[[list[float]], Figures]
"""Given when the plan's Light frames began (unix seconds), tells how many were in focus."""


def time_of(profile: Profile, speed: float, tell: Callable[[str], None] = print) -> tuple[Clock, Crew]:
    """Make clock and crew; speed 0 is as fast as possible, which only the embedded observatory can be.

    `tell` tells a person of a task that ran into a fault of ours.

    Raises
    ------
    UsageError
        Where real devices are asked to hurry.
    """
    embedded = profile.devices.embedded
    if not embedded and speed != 1:
        raise UsageError("Real devices take real time: leave --speed to the embedded observatory.")
    if not speed and profile.host.kind != "embedded":
        raise UsageError("Another host takes its own time: give --speed a factor, or leave it out.")
    if not speed:
        virtual = VirtualClock(starts_at(profile))
        return virtual, VirtualCrew(virtual)
    real = RealClock(starts_at(profile) if embedded else None, speed)
    return real, ThreadCrew(real, tell)


def standing(rig: Rig, audience: Audience) -> FocuserState:
    """Read the focuser's state where it stands still; one that somebody has sent elsewhere is waited for.

    Raises
    ------
    DeviceError
        Where it cannot be read, or does not stand still in time.
    """
    if rig.focuser.moving():
        audience.notify("info", "The focuser moves, and nobody here has sent it anywhere: waiting until it stands ...")
        rig.focuser.rest()
    return rig.focuser.state()


def starts_at(profile: Profile) -> float:
    """Unix time at which a simulated night begins."""
    return datetime.fromisoformat(profile.plan.starts_at).replace(tzinfo=ZoneInfo(profile.site.time_zone)).timestamp()


@contextmanager
def devices_of(profile: Profile, clock: Clock, seed: int) -> Iterator[tuple[Profile, Judge | None]]:
    """Give the profile with the addresses of its devices; the embedded observatory runs as long as the context.

    Raises
    ------
    UsageError
        Where another session of this machine uses the focuser.
    """
    if not profile.devices.embedded:
        with sole_owner(profile.devices.focuser) if profile.devices.focuser else nullcontext():
            yield profile, None
        return
    from statefocus.observatory import Observatory, serving

    observatory = Observatory(
        profile.observatory,
        clock=clock.now,
        seed=seed,
        site_longitude_deg=profile.site.longitude_deg,
        site_latitude_deg=profile.site.latitude_deg,
        started_at=clock.now(),
    )

    def judge(lights_begun: list[float]) -> Figures:
        begun = {round(t) for t in lights_begun}
        near = begun | {t + 1 for t in begun} | {t - 1 for t in begun}
        lights = [shot for shot in observatory.judge.exposures if shot.light and round(shot.started_at) in near]
        return Figures(len(lights), sum(not shot.in_focus for shot in lights), clock.now())

    with serving(observatory) as server:
        address = Address(host=server.host, port=server.port)
        roles = ("camera", "focuser", "filter_wheel", "telescope", "conditions", "safety")
        devices = profile.devices.model_copy(update=dict.fromkeys(roles, address))
        yield profile.model_copy(update={"devices": devices}), judge
