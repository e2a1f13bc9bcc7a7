"""What is to be done: every output of the core, imperative, as immutable values.

The core never touches a device; it returns effects, and the shell executes them. Each effect has an id, a counter of
the session. An effect with an `answer` is answered by exactly one event that carries its id: that answer, or
`effect_failed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct


class Effect(Struct, frozen=True, tag_field="effect"):
    """Anything to be done; `kind` is its name in traces, `answer` the event kind that answers it."""

    kind: ClassVar[str] = "effect"
    answer: ClassVar[str | None] = None

    id: int


class PausePlan(Effect, frozen=True, tag="pause_plan"):
    """Hold the imaging plan at the next gap between two exposures."""

    answer: ClassVar[str | None] = "plan_held"


class ResumePlan(Effect, frozen=True, tag="resume_plan"):
    """Let the imaging plan go on."""

    answer: ClassVar[str | None] = "plan_released"


class AbortPlan(Effect, frozen=True, tag="abort_plan"):
    """Give the imaging plan up."""

    answer: ClassVar[str | None] = "plan_aborted"


class LeavePlanPaused(Effect, frozen=True, tag="leave_plan_paused"):
    """Turn our hold of the plan into a pause that a person ends at the host."""


class PrepareFocuser(Effect, frozen=True, tag="prepare_focuser"):
    """Read the focuser's state and switch its driver's own temperature compensation off."""

    answer: ClassVar[str | None] = "focuser_prepared"


class MoveFocuser(Effect, frozen=True, tag="move_focuser"):
    """Move to `position` in steps, by way of `via`, verify where it stands afterwards, and let it settle."""

    answer: ClassVar[str | None] = "focuser_moved"

    position: int
    via: tuple[int, ...] = ()
    purpose: str = ""
    settle_s: float = 0.0


class ReleaseFocuser(Effect, frozen=True, tag="release_focuser"):
    """Set the driver's own temperature compensation back to what it was; None leaves it alone."""

    answer: ClassVar[str | None] = "focuser_released"

    driver_compensation: bool | None


class SwitchDriverCompensation(Effect, frozen=True, tag="switch_driver_compensation"):
    """Switch the driver's own temperature compensation on or off for the whole session."""

    answer: ClassVar[str | None] = "driver_compensation_switched"

    on: bool


class HaltDevices(Effect, frozen=True, tag="halt_devices"):
    """Give up the effects named, and stop the devices that they use, at once."""

    answer: ClassVar[str | None] = "devices_halted"

    gives_up: tuple[int, ...] = ()


class StartTimer(Effect, frozen=True, tag="start_timer"):
    """Answer after `seconds`."""

    answer: ClassVar[str | None] = "timer_elapsed"

    seconds: float
    purpose: str = ""


class SetFilter(Effect, frozen=True, tag="set_filter"):
    """Turn the filter wheel, and verify where it stands afterwards."""

    answer: ClassVar[str | None] = "filter_set"

    filter: str


class TakeFrame(Effect, frozen=True, tag="take_frame"):
    """Take a focus frame, read out fast where the camera can; None leaves a setting as it is."""

    answer: ClassVar[str | None] = "frame_taken"

    exposure_s: float
    gain: int | None = None
    binning: int = 1
    purpose: str = ""
    fast_readout: bool = False


class MeasureFrame(Effect, frozen=True, tag="measure_frame"):
    """Measure the metric of the frame with that name (M1-M4)."""

    answer: ClassVar[str | None] = "frame_measured"

    frame: str
    binning: int = 1


class PublishCurve(Effect, frozen=True, tag="publish_curve"):
    """Show the points and the fitted curve to whoever watches."""

    answer: ClassVar[str | None] = "curve_published"

    accepted: bool
    best_position: float | None


class AskPerson(Effect, frozen=True, tag="ask_person"):
    """Ask a person a question; the answer is the event `confirmation_given`, and silence for `seconds` means no."""

    question: str
    seconds: float


class DropTimer(Effect, frozen=True, tag="drop_timer"):
    """Forget timers that nobody waits for any more."""

    timers: tuple[int, ...]


class Notify(Effect, frozen=True, tag="notify"):
    """Tell a person; `level` is info, warning or error."""

    level: str
    sentence: str


def _named() -> Iterator[type[Effect]]:
    """All kinds of effects; each gets its name from its tag."""
    for cls in Effect.__subclasses__():
        cls.kind = str(cls.__struct_config__.tag)
        yield cls


KINDS: dict[str, type[Effect]] = {cls.kind: cls for cls in _named()}
