"""What is to be done: every output of the core, imperative, as immutable values.

The core never touches a device; it returns effects, and the shell executes them. Each effect has an id, a counter of
the session. An effect with an `answer` is answered by exactly one event that carries its id: that answer, or
`effect_failed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

KINDS: dict[str, type[Effect]] = {}


@dataclass(frozen=True, slots=True)
class Effect:
    """Anything to be done; `kind` is its name in traces, `answer` the event kind that answers it."""

    kind: ClassVar[str] = "effect"
    answer: ClassVar[str | None] = None

    id: int

    def __init_subclass__(cls, kind: str = "", answer: str | None = None, **kwargs: Any) -> None:
        super(Effect, cls).__init_subclass__(**kwargs)
        name = kind or cls.__dict__.get("kind", "")  # slots make a second class of the first: that one counts
        if name:
            cls.kind = name
            cls.answer = answer or cls.__dict__.get("answer")
            KINDS[name] = cls


@dataclass(frozen=True, slots=True)
class PausePlan(Effect, kind="pause_plan", answer="plan_held"):
    """Hold the imaging plan at the next gap between two exposures."""


@dataclass(frozen=True, slots=True)
class ResumePlan(Effect, kind="resume_plan", answer="plan_released"):
    """Let the imaging plan go on."""


@dataclass(frozen=True, slots=True)
class AbortPlan(Effect, kind="abort_plan", answer="plan_aborted"):
    """Give the imaging plan up."""


@dataclass(frozen=True, slots=True)
class LeavePlanPaused(Effect, kind="leave_plan_paused"):
    """Turn our hold of the plan into a pause that a person ends at the host."""


@dataclass(frozen=True, slots=True)
class PrepareFocuser(Effect, kind="prepare_focuser", answer="focuser_prepared"):
    """Read the focuser's state and switch its driver's own temperature compensation off."""


@dataclass(frozen=True, slots=True)
class MoveFocuser(Effect, kind="move_focuser", answer="focuser_moved"):
    """Move to `position` in steps, by way of `via`, and verify where it stands afterwards."""

    position: int
    via: tuple[int, ...] = ()
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseFocuser(Effect, kind="release_focuser", answer="focuser_released"):
    """Set the driver's own temperature compensation back to what it was; None leaves it alone."""

    driver_compensation: bool | None


@dataclass(frozen=True, slots=True)
class SwitchDriverCompensation(Effect, kind="switch_driver_compensation", answer="driver_compensation_switched"):
    """Switch the driver's own temperature compensation on or off for the whole session."""

    on: bool


@dataclass(frozen=True, slots=True)
class HaltDevices(Effect, kind="halt_devices", answer="devices_halted"):
    """Give up the effects named, and stop the devices that they use, at once."""

    gives_up: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StartTimer(Effect, kind="start_timer", answer="timer_elapsed"):
    """Answer after `seconds`."""

    seconds: float
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class TakeFrame(Effect, kind="take_frame", answer="frame_taken"):
    """Take a focus frame; None leaves a setting as it is."""

    exposure_s: float
    gain: int | None = None
    binning: int = 1
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class MeasureFrame(Effect, kind="measure_frame", answer="frame_measured"):
    """Measure the metric of the frame with that name."""

    frame: str
    binning: int = 1


@dataclass(frozen=True, slots=True)
class PublishCurve(Effect, kind="publish_curve", answer="curve_published"):
    """Show the points and the fitted curve to whoever watches."""

    accepted: bool
    best_position: float | None


@dataclass(frozen=True, slots=True)
class Notify(Effect, kind="notify"):
    """Tell a person; `level` is info, warning or error."""

    level: str
    sentence: str
