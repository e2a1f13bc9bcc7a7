"""All that the core knows at a moment, as immutable values; each event makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from statefocus.focus.learned import LearnedCurve
from statefocus.focus.limits import PastFocus
from statefocus.focus.points import FocusPoint
from statefocus.focus.result import FocusFit
from statefocus.focus.sweep import Sweep
from statefocus.image_history import ImageHistory
from statefocus.profile import Profile
from statefocus.thermometer import Thermometer

FactValue = bool | float | str | None
Outcome = Literal["running", "validated", "unvalidated", "restored", "cancelled", "lost"]
"""How a run stands. `lost`: the focuser could not be put back, nobody knows where it is."""

REFOCUSED: frozenset[Outcome] = frozenset({"validated", "unvalidated"})
"""Outcomes that count as a refocus, and so restart every trigger (T11)."""


class Fact(Struct, frozen=True):
    """What a source last said, and when (unix seconds); the value None means that it could not tell."""

    value: FactValue
    t: float


class Pending(Struct, frozen=True):
    """An effect that has not been answered yet, and the machine that waits for it."""

    kind: str
    machine: str


class OtherHand(Struct, frozen=True):
    """Another program, or a person, at the focuser that is ours.

    Attributes
    ----------
    what
        What it did, or does, as a clause.
    position
        Where it was last seen to have left the focuser, steps; None where nobody has looked since.
    driver
        It is the driver's own temperature compensation.
    at_work
        It moves the focuser just now, and will tell when it is done.
    told
        A person was told.
    """

    what: str
    position: int | None = None
    driver: bool = False
    at_work: bool = False
    told: bool = False


class PlanState(Struct, frozen=True):
    """What the host has told of its plan.

    Attributes
    ----------
    running
        A plan has started and not finished.
    paused
        Somebody else paused it.
    exposing
        The plan's exposure is being prepared, its shutter is open, or its frame is being downloaded.
    shutter_until
        While the plan's frame is being exposed or downloaded: when that is over at the latest, whatever the host tells.
    unheard_until
        After a run that was cut off: until when a frame of the plan may be under way that nobody has told of, unless
        the host tells of its plan before.
    filter_changing
        The filter wheel turns.
    filter
        The filter in the light path, as far as known.
    binning
        Of the plan's last frame.
    filter_ahead, flip_ahead
        A filter change or a flip is known to come before the plan's next frame (T14).
    lights
        Light frames saved since the session's start.
    flip_under_way
        A meridian flip has started and not finished.
    aids
        Focusing aids that are open.
    ending
        The session is being wound up.
    """

    running: bool = False
    paused: bool = False
    exposing: bool = False
    shutter_until: float | None = None
    unheard_until: float | None = None
    filter_changing: bool = False
    filter: str | None = None
    binning: int = 1
    filter_ahead: bool = False
    flip_ahead: bool = False
    lights: int = 0
    flip_under_way: bool = False
    aids: frozenset[str] = frozenset()
    ending: bool = False


class TriggerState(Struct, frozen=True):
    """What the triggers have gathered since the last refocus.

    Attributes
    ----------
    since_t
        Time of the last refocus, or of the session's start.
    lights
        Light frames of the plan since then (T2).
    filter_changed, flipped, asap, first_frame, resumed, centered
        Things that happened and were not served yet (T4 to T9).
    confirmed
        A person said yes to a refocus after a filter change, and no run has begun since (T4).
    question
        A filter was changed by hand: `open` until a person is asked, `asked` until there is an answer (T4).
    thermometer
        Readings for T1.
    history
        Sharpness of the plan's Light frames for T10.
    paused
        By a person, or after a fault (T12).
    retry_t
        No automatic run before this time, after a failed one (T13); None for no back-off.
    failures
        Failed automatic runs in a row.
    """

    since_t: float
    thermometer: Thermometer
    lights: int = 0
    filter_changed: bool = False
    confirmed: bool = False
    flipped: bool = False
    asap: bool = False
    first_frame: bool = False
    resumed: bool = False
    centered: bool = False
    question: Literal["", "open", "asked"] = ""
    history: ImageHistory = field(default_factory=ImageHistory)
    paused: bool = False
    retry_t: float | None = None
    failures: int = 0


class CompensationState(Struct, frozen=True):
    """Temperature compensation since the last refocus.

    Attributes
    ----------
    thermometer
        Readings, a block of `average_readings` for each correction.
    ideal_steps
        Where the rule wants the focuser, relative to the last focus; fractions are kept (C4).
    applied_steps
        Where it has been moved so far.
    under_way_steps
        The correction being made now; 0 for none.
    driver_was_on
        The driver's own compensation before ours took over; None while we have not.
    driver_left_off
        An earlier session has switched the driver's own off, and was cut off before it could set it back.
    retry_t
        No correction before this time, after one that failed; None for no back-off.
    """

    thermometer: Thermometer
    ideal_steps: float = 0.0
    applied_steps: int = 0
    under_way_steps: int = 0
    driver_was_on: bool | None = None
    driver_left_off: bool = False
    retry_t: float | None = None


class Run(Struct, frozen=True):
    """One autofocus run.

    Attributes
    ----------
    number
        From 1, in the session.
    causes
        Names of the triggers that it serves; `manual` or `undo` for a person's.
    started_t, started_temperature_c, filter, home_filter
        When it began, how warm it was then, in which filter it is made, and which one is turned back to; None where it
        is not another one.
    held_t
        When the plan stood still for it; None before. Until then the plan's own frame was still being taken.
    filter_turned
        The wheel was sent to `filter`, and did not come back to `home_filter` yet.
    offset_made, offset_short_steps
        The focuser was moved from the focus in `filter` to that in the plan's filter (O2), by so much less than wanted
        where its travel ends.
    start_position
        Where a failed or cancelled run returns to, steps; None until the focuser was read.
    max_step, driver_compensation
        What the focuser told; its driver's own compensation is None until it was read.
    sweep, index
        The positions, and how many points have been measured.
    frames
        What the frames at the position under way have measured, until they are one point (A16).
    points
        What was measured at them.
    earlier_points
        What was measured before the sweep was re-centred (A9); no part of the curve.
    fit
        The curve, once fitted.
    doubted
        What a learned sweep told, where it was not believed and a whole sweep was made instead.
    validations
        Metric of each validation frame; None for a frame without stars.
    frame
        Name of the frame in hand.
    remarks
        What was amiss with its frames, each sentence once.
    retries
        How often the step under way was tried again.
    outcome, reason
        How it stands, and why.
    by_person
        A person cancelled it.
    shown_t
        Since when its result is held in view, the plan still waiting (A14); None where it is not held.
    """

    number: int
    causes: tuple[str, ...]
    started_t: float
    started_temperature_c: float | None = None
    held_t: float | None = None
    filter: str | None = None
    home_filter: str | None = None
    filter_turned: bool = False
    offset_made: bool = False
    offset_short_steps: int = 0
    centre: int | None = None
    start_position: int | None = None
    position: int | None = None
    max_step: int = 0
    driver_compensation: bool | None = None
    sweep: Sweep = field(default_factory=lambda: Sweep(()))
    frames: tuple[FocusPoint, ...] = ()
    points: tuple[FocusPoint, ...] = ()
    earlier_points: tuple[FocusPoint, ...] = ()
    fit: FocusFit | None = None
    doubted: FocusFit | None = None
    validations: tuple[float | None, ...] = ()
    frame: str = ""
    remarks: tuple[str, ...] = ()
    retries: int = 0
    outcome: Outcome = "running"
    reason: str = ""
    by_person: bool = False
    shown_t: float | None = None

    @property
    def automatic(self) -> bool:
        """Whether triggers started it, not a person."""
        return "manual" not in self.causes and "undo" not in self.causes


class PastRun(Struct, frozen=True):
    """A validated run, and the filter and binning in which another one may be compared with it."""

    filter: str | None
    binning: int
    focus: PastFocus


class RightFor(Struct, frozen=True):
    """What a position is right for: a filter, but for steps that lie beyond the focuser's travel (O1)."""

    filter: str | None = None
    short_steps: int = 0


class LastRun(Struct, frozen=True):
    """What is remembered of the last run that has ended, for Run Again, cancel and the next failure policy."""

    number: int
    outcome: Outcome
    automatic: bool
    start_position: int | None
    best_position: int | None
    ended_t: float
    stood_for: RightFor
    """What the position at its start was right for."""


class Context(Struct, frozen=True):
    """All that the core knows at a moment.

    Attributes
    ----------
    now
        Time of the event being worked on, unix seconds.
    history
        The last validated runs of the session, which a new one must be plausible against (F7).
    verified_position
        Where the focuser was last known to stand on purpose, steps.
    max_step
        The focuser's last position, once it was read.
    right_for
        What `verified_position` is right for (O1).
    last_good
        Where each filter was last focused (O3).
    learned
        The V-curve that runs have taught, by filter and binning as in the image history.
    offset_under_way, offset_retry_t
        What the position will be right for once the move under way is made; after one that failed, no other before
        this time.
    astray
        A move that no run put right has failed on its way: the focuser may stand elsewhere than at `verified_position`.
    stray_at
        Where such a move was seen to have left it; None until it is read. It is never what a position is reckoned from.
    lost
        The last run could not put the focuser back.
    left_at
        Where it stood before a person turned it with a focusing aid; until it is read again nobody knows.
    other_hand
        Whoever else has moved the focuser, or moves it; None where it is ours.
    wish
        What a person wishes by this very event: `manual` or `again`; None otherwise.
    failure
        Sentence of the last effect that failed.
    concluded
        The run that this very step has concluded.
    acting
        The machine whose actions are being called.
    """

    profile: Profile
    now: float
    triggers: TriggerState
    compensation: CompensationState
    facts: Mapping[str, Fact] = field(default_factory=dict)
    plan: PlanState = field(default_factory=PlanState)
    pending: Mapping[int, Pending] = field(default_factory=dict)
    next_effect: int = 1
    runs: int = 0
    run: Run | None = None
    last_run: LastRun | None = None
    history: tuple[PastRun, ...] = ()
    verified_position: int | None = None
    max_step: int | None = None
    right_for: RightFor = RightFor()
    last_good: Mapping[str, int] = field(default_factory=dict)
    learned: Mapping[str, LearnedCurve] = field(default_factory=dict)
    offset_under_way: RightFor | None = None
    offset_retry_t: float | None = None
    astray: bool = False
    stray_at: int | None = None
    lost: bool = False
    left_at: int | None = None
    other_hand: OtherHand | None = None
    wish: str | None = None
    failure: str = ""
    concluded: Run | None = None
    acting: str = ""

    @property
    def stands_at(self) -> int | None:
        """Where the focuser was last known to stand, be it where a failed move has left it; None where nobody knows."""
        return self.stray_at if self.astray and self.verified_position is not None else self.verified_position

    def known(self, fact: str) -> FactValue:
        """Value of a fact that is there and not stale; None where it is unknown."""
        held = self.facts.get(fact)
        if held is None or self.now - held.t > self.profile.guards.stale_after_s:
            return None
        return held.value


def begin(profile: Profile, now: float) -> Context:
    """Make the context of a session's first moment."""
    temperature, compensation = profile.triggers.temperature, profile.compensation
    return Context(
        profile=profile,
        now=now,
        triggers=TriggerState(
            since_t=now, thermometer=Thermometer(temperature.min_readings, temperature.reading_every_s)
        ),
        compensation=CompensationState(Thermometer(compensation.average_readings, compensation.reading_every_s)),
    )
