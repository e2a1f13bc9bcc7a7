"""Rigs with only the triggers that a test asks for, and answers that devices give on a bad night."""

from __future__ import annotations

from typing import Any

from statefocus import events
from statefocus.effects import Effect
from statefocus.events import Event
from statefocus.machine.fired import Tried
from statefocus.session import Step
from statefocus.testing import Reply, SimulatedRig, failed
from statefocus.triggers import Reading, readings

OFF: dict[str, Any] = {
    "temperature": {"enabled": False},
    "count": {"enabled": False},
    "time": {"enabled": False},
    "filter_change": False,
    "meridian_flip": False,
    "first_frame": False,
    "on_resume": False,
    "after_centering": False,
}


def quiet_rig(triggers: dict[str, Any] | None = None, **profile: Any) -> SimulatedRig:
    """A rig whose triggers are all off but those that are given; keywords beyond the tables go to the rig."""
    own = {name: profile.pop(name) for name in ("position", "max_step", "best") if name in profile}
    return SimulatedRig({"triggers": OFF | (triggers or {}), **profile}, **own)


def reading(rig: SimulatedRig, name: str) -> Reading:
    """What a trigger reads now."""
    return next(one for one in readings(rig.state.context) if one.name == name)


def due(rig: SimulatedRig) -> list[str]:
    """Names of the triggers that are due now."""
    return [one.name for one in readings(rig.state.context) if one.due]


def tried(steps: tuple[Step, ...], row: str) -> Tried:
    """The row that was tried in these steps, with what its guards said."""
    return next(one for step in steps for one in step.tried if one.row == row)


def measured(value: float | None) -> Reply:
    """Answer a measurement with this value."""

    def reply(effect: Effect) -> Event:
        return events.FrameMeasured(effect=effect.id, value=value, error=None, stars=0 if value is None else 100)

    return reply


def fail(rig: SimulatedRig, kind: str, times: int = 1) -> None:
    """Let the next effects of a kind fail."""
    rig.script(kind, *[failed] * times)


def run_now(rig: SimulatedRig) -> None:
    """Make one automatic run, as soon as possible, with fresh facts."""
    rig.read_facts()
    rig.tell(events.RefocusRequested())


def begin_run(rig: SimulatedRig, leaf: str = "Refocusing.Exposing") -> None:
    """Begin an automatic run with fresh facts, and stop in the midst of it."""
    rig.read_facts()
    rig.send(events.RefocusRequested())
    rig.until(leaf)


def to_filter(rig: SimulatedRig, name: str, by: str = "plan") -> tuple[Step, ...]:
    """Change the filter, and carry out all that follows; gives the steps of the change itself."""
    return rig.tell(events.FilterChanged(former=rig.state.context.plan.filter, filter=name, by=by))


def take_light(
    rig: SimulatedRig,
    hfr_px: float | None,
    stars: int | None,
    *,
    times: int = 1,
    filter_: str | None = None,
    binning: int = 1,
) -> None:
    """Save Light frames of the plan that measure so, with fresh facts."""
    for _ in range(times):
        rig.t += 60.0
        rig.read_facts()
        rig.tell(
            events.FrameSaved(
                number=1,
                frame_type="Light",
                filter=filter_,
                next_frame_type="Light",
                binning=binning,
                hfr_px=hfr_px,
                stars=stars,
            )
        )


def late_hold_rig() -> tuple[SimulatedRig, events.Event]:
    """A rig that has asked for the hold, and whose host takes another frame before it holds; the answer of the host."""
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.open_shutter()
    rig.read_facts()
    rig.send(events.ExposureEnded(number=1))
    rig.send(events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light"))
    assert rig.leaf == "Refocusing.Holding"
    held = rig.ideal(rig.waiting.popleft())
    rig.held = False
    rig.send(events.FramePreparing(number=2, frame_type="Light"))
    rig.send(events.ExposureStarted(number=2, exposure_s=60.0))
    rig.t += 60.0
    return rig, held


def between(rig: SimulatedRig, **told: Any) -> None:
    """End the frame that came between."""
    rig.send(events.ExposureEnded(number=2))
    rig.send(events.FrameSaved(number=2, frame_type="Light", **{"next_frame_type": "Light", **told}))
