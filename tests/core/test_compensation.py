"""Temperature compensation (C): the rule, its limits, when it may move, and the driver's own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statefocus import events
from statefocus.effects import Effect, MoveFocuser
from statefocus.testing import SimulatedRig, failed

from .ideal import Ideal
from .rigs import begin_run, fail, quiet_rig, run_now

BLOCK = 3
RULE: dict[str, Any] = {
    "enabled": True,
    "mode": "real_time",
    "steps_per_degree": 12.0,
    "reading_every_s": 10.0,
    "average_readings": BLOCK,
}


def rig_with(position: int = 10_000, best: float = 10_000, **rule: Any) -> SimulatedRig:
    """A rig that compensates, after one block of readings at 10 degrees."""
    rig = quiet_rig(compensation=RULE | rule, position=position, best=best)
    rig.read_temperature(*[10.0] * BLOCK)
    return rig


def block(rig: SimulatedRig, celsius: float) -> None:
    """One whole block of readings at a temperature."""
    rig.read_temperature(*[celsius] * BLOCK)


# --- C1: when ---


def test_c1_real_time_corrects_during_an_exposure() -> None:
    rig = rig_with()
    rig.start_plan()
    rig.open_shutter()
    block(rig, 9.0)
    assert (rig.position, rig.leaf) == (9988, "Imaging.Exposing")


def test_c1_after_exposure_waits_for_the_end_of_the_frame() -> None:
    rig = rig_with(mode="after_exposure")
    rig.start_plan()
    rig.open_shutter()
    block(rig, 9.0)
    assert rig.position == 10_000
    rig.close_shutter()
    assert rig.position == 9988


# --- C2, C3, C5: what ---


@pytest.mark.parametrize(
    ("per_degree", "celsius", "position"),
    [(12.0, 9.0, 9988), (12.0, 11.0, 10_012), (-12.0, 9.0, 10_012), (-12.0, 11.0, 9988), (0.0, 5.0, 10_000)],
)
def test_c3_positive_is_inward_on_a_drop_and_outward_on_a_rise(
    per_degree: float, celsius: float, position: int
) -> None:
    rig = rig_with(steps_per_degree=per_degree)
    block(rig, celsius)
    assert rig.position == position


def test_c2_the_source_is_the_profiles() -> None:
    rig = quiet_rig(compensation=RULE | {"source": "average", "average_readings": 1})
    for external in (10.0, 12.0):
        rig.t += 10.0
        rig.tell(events.TemperatureRead(focuser_c=10.0, external_c=external))
    assert rig.position == 10_012


def test_c5_one_correction_a_block_of_readings() -> None:
    rig = rig_with()
    rig.read_temperature(*[9.0] * (BLOCK - 1))
    assert rig.moves == []
    rig.read_temperature(9.0)
    assert rig.moves == [9988]
    rig.read_temperature(*[8.0] * (2 * BLOCK))
    assert rig.moves == [9988, 9976]


# --- C4: nothing is lost ---


def test_c4_fractions_of_a_step_are_carried() -> None:
    rig = rig_with(steps_per_degree=1.0)
    for tenth in range(1, 31):
        block(rig, 10.0 - tenth / 10)
    assert rig.position == 9997
    assert len(rig.moves) == 3


def test_c4_a_correction_that_failed_stays_due_and_is_tried_again_after_a_while() -> None:
    rig = rig_with()
    fail(rig, "move_focuser")
    block(rig, 9.0)
    assert "A temperature correction failed" in rig.emitted("notify")[-1].sentence
    rig.read_temperature(9.0)
    assert rig.position == 10_000
    rig.t += 60 * rig.state.context.profile.failure.retry_after_min
    rig.read_temperature(9.0)
    assert rig.position == 9988


def test_c4_at_the_inner_end_what_was_not_moved_is_not_counted_as_moved() -> None:
    rig = rig_with(position=5, best=5)
    block(rig, 9.0)
    assert rig.position == 0
    block(rig, 10.0)
    assert rig.position == 5


def test_c4_at_the_outer_end_it_goes_no_further_and_what_was_not_moved_is_not_counted() -> None:
    rig = quiet_rig(compensation=RULE, position=9_900, best=9_900, max_step=10_000)
    rig.read_temperature(*[10.0] * BLOCK)
    run_now(rig)  # which tells how far the focuser goes
    for celsius in (14.0, 18.0, 19.0):
        block(rig, celsius)
    assert rig.position == 10_000
    block(rig, 18.0)
    assert rig.position == 9_996


def test_c4_while_the_focusers_position_is_unknown_readings_are_taken_and_nothing_moves() -> None:
    rig = rig_with()
    rig.state, rig.looks = rig.session.begin(rig.t), False
    rig.tell(events.SessionStarted(position=None))
    rig.read_temperature(*[10.0] * BLOCK, *[8.0] * BLOCK)
    assert (rig.moves, rig.state.context.compensation.ideal_steps) == ([], -24.0)
    assert rig.steps[-1].outcome != "fault"


def test_c4_a_correction_that_failed_waits_to_the_very_end_of_its_time() -> None:
    rig = rig_with(reading_every_s=1.0)
    fail(rig, "move_focuser")
    rig.read_temperature(*[9.0] * BLOCK)
    retry_t = rig.state.context.compensation.retry_t
    assert retry_t is not None
    for t, moves in ((retry_t - 1.0, 1), (retry_t, 2)):
        rig.t = t
        rig.tell(events.TemperatureRead(focuser_c=9.0))
        assert len(rig.moves) == moves


def test_c4_a_correction_that_ends_while_the_plan_is_being_held_is_kept_when_that_run_is_cancelled() -> None:
    rig = rig_with()
    rig.read_temperature(*[9.0] * (BLOCK - 1))
    rig.t += 10.0
    rig.send(events.TemperatureRead(focuser_c=9.0, external_c=9.0))
    rig.send(events.RefocusRequested())
    rig.answer()  # the correction's move
    assert (rig.leaf, rig.position) == ("Refocusing.Holding", 9988)
    rig.tell(events.CancelRequested())
    block(rig, 8.0)
    assert rig.position == 9976


def test_a7_an_outward_correction_ends_inward_once_a_run_has_told_how_far_the_focuser_goes() -> None:
    """Else the backlash swallows it, and the tube stays behind the number (C4)."""
    rig = rig_with()
    run_now(rig)
    block(rig, 10.0)
    block(rig, 11.0)
    correction = rig.emitted("move_focuser")[-1]
    assert (correction.purpose, correction.position, correction.via) == ("compensation", 10_012, (10_072,))


def test_a7_a_correction_before_the_first_run_takes_up_the_backlash_too() -> None:
    rig = quiet_rig(compensation=RULE, focuser={"overshoot_steps": 60})
    rig.tell(events.SessionStarted(position=10_000, max_step=20_000))
    block(rig, 10.0)
    block(rig, 11.0)
    (correction,) = rig.emitted("move_focuser")
    assert (correction.position, correction.via) == (10_012, (10_072,))


@pytest.mark.parametrize("end", ["restored", "cancelled"])
def test_c4_a_correction_that_failed_half_way_is_not_made_twice_after_a_run_that_did_not_focus(end: str) -> None:
    """Such a run returns to where the focuser was last verified, not to where the failure has left it."""
    rig = rig_with()

    def slipped(effect: Effect) -> events.Event:
        rig.position -= 6
        return failed(effect)

    rig.script("move_focuser", slipped)
    block(rig, 9.0)
    assert rig.position == 9_994
    rig.script("measure_frame", *[failed] if end == "restored" else [])
    rig.send(events.RunRequested())
    rig.until("Refocusing.Measuring")
    if end == "cancelled":
        rig.send(events.CancelRequested())
    rig.until("")
    assert ([run.outcome for run in rig.runs], rig.position) == ([end], 10_000)
    rig.t += 3600.0
    rig.read_temperature(9.0)
    assert rig.position == 9_988


# --- C6: not while ---


def test_c6_what_was_blocked_by_an_open_aid_is_made_up_for_when_it_closes() -> None:
    rig = rig_with()
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    block(rig, 8.0)
    block(rig, 7.0)
    assert rig.position == 10_000
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    rig.read_temperature(7.0)
    assert rig.position == 9964


def test_c6_not_while_a_flip_is_under_way() -> None:
    rig = rig_with()
    rig.start_plan()
    rig.tell(events.FlipStarted())
    block(rig, 9.0)
    assert rig.position == 10_000
    rig.tell(events.FlipFinished())
    rig.read_temperature(9.0)
    assert rig.position == 9988


def test_c6_not_while_a_run_is_under_way() -> None:
    rig = rig_with()
    begin_run(rig, "Refocusing.Exposing")
    for _ in range(BLOCK):
        rig.t += 10.0
        rig.send(events.TemperatureRead(focuser_c=8.0, external_c=8.0))
    assert [move.purpose for move in rig.emitted("move_focuser")] == ["sweep"]


def test_c6_not_while_nobody_knows_where_the_focuser_is() -> None:
    rig = quiet_rig(compensation=RULE, failure={"restore_retries": 0})
    rig.read_temperature(*[10.0] * BLOCK)
    begin_run(rig)
    fail(rig, "move_focuser")
    rig.tell(events.CancelRequested())
    moves = len(rig.moves)
    block(rig, 8.0)
    assert (rig.runs[0].outcome, len(rig.moves)) == ("lost", moves)


# --- C7: a refocus restarts it ---


def test_c7_the_reference_restarts_with_every_refocus() -> None:
    rig = rig_with(best=10_020)
    block(rig, 9.0)
    run_now(rig)
    assert rig.position == 10_020
    block(rig, 9.0)
    assert rig.position == 10_020
    block(rig, 8.0)
    assert rig.position == 10_008


def test_c7_a_run_that_failed_changes_nothing() -> None:
    rig = rig_with(best=10_020)
    block(rig, 9.0)
    fail(rig, "measure_frame")
    run_now(rig)
    assert rig.position == 9988
    block(rig, 8.0)
    assert rig.position == 9976


# --- C8: the driver's own ---


def test_c8_the_drivers_own_is_off_while_ours_is_on_and_restored_at_the_end() -> None:
    rig = SimulatedRig({"compensation": RULE})
    assert [switch.on for switch in rig.emitted("switch_driver_compensation")] == [False]
    rig.tell(events.SessionEnding())
    assert [switch.on for switch in rig.emitted("switch_driver_compensation")] == [False, False]


def driver_on() -> SimulatedRig:
    """A rig whose driver compensated by itself before the session began."""
    rig = SimulatedRig({"compensation": RULE})
    rig.driver_compensation, rig.log = True, []
    rig.state = rig.session.begin(rig.t)
    rig.tell(events.SessionStarted(position=rig.position))
    rig.read_facts()
    return rig


def test_c8_the_drivers_own_that_was_on_stays_off_over_a_run_and_is_on_again_at_the_end() -> None:
    rig = driver_on()
    assert not rig.driver_compensation
    rig.tell(events.RunRequested())
    assert not rig.driver_compensation
    rig.tell(events.SessionEnding())
    assert rig.driver_compensation


def test_c8_at_the_end_the_driver_gets_it_back_only_when_the_run_is_over() -> None:
    rig = driver_on()
    rig.send(events.RunRequested())
    rig.until("Refocusing.Exposing")
    steps = rig.send(events.SessionEnding())
    assert ("stayed", "give-back-later") in [(step.outcome, step.row) for step in steps]
    rig.until("")
    kinds = [(effect.kind, getattr(effect, "on", None)) for step in rig.steps for effect in step.effects]
    assert rig.driver_compensation
    assert kinds.index(("switch_driver_compensation", True)) > kinds.index(("release_focuser", None))


def test_c8_where_it_cannot_be_switched_off_ours_stays_off_and_a_person_is_told() -> None:
    rig = SimulatedRig({"compensation": RULE})
    rig.state = rig.session.begin(rig.t)
    fail(rig, "switch_driver_compensation")
    rig.tell(events.SessionStarted(position=10_000))
    assert rig.state.leaves["compensation"] == "Off"
    assert "Temperature compensation stays off" in rig.emitted("notify")[-1].sentence
    rig.read_temperature(*[10.0] * BLOCK, *[8.0] * BLOCK)
    assert rig.moves == []


# --- C9: bad readings and limits ---


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -90.0, 70.0, 15.1, 4.9], ids=str)
def test_c9_a_reading_that_cannot_be_true_is_dropped_and_counted(bad: float) -> None:
    rig = rig_with()
    rig.read_temperature(bad, *[9.0] * BLOCK)
    assert rig.position == 9988
    assert rig.state.context.compensation.thermometer.dropped == 1
    assert rig.state.context.triggers.thermometer.dropped == 1


def test_c9_a_sensor_that_comes_back_after_hours_at_another_temperature_is_believed_again() -> None:
    """It fell by six degrees while the sensor did not answer; no later reading is nearer to the last good one."""
    rig = rig_with()
    rig.t += 3 * 3600
    for _ in range(4):
        block(rig, 4.0)
    assert rig.position == 9928


def test_c9_a_first_reading_that_was_wrong_does_not_shut_out_all_the_true_ones() -> None:
    rig = quiet_rig(compensation=RULE)
    rig.read_temperature(25.0, *[10.0] * (8 * BLOCK))
    assert rig.state.context.compensation.thermometer.mean_c == pytest.approx(10.0)


def test_c9_one_correction_is_limited_and_the_rest_follows() -> None:
    rig = rig_with(max_correction_steps=5)
    block(rig, 9.0)
    rig.read_temperature(9.0, 9.0)
    assert rig.moves == [9995, 9990, 9988]


def test_c9_the_total_since_the_last_refocus_is_limited() -> None:
    rig = rig_with(max_total_steps=20)
    for celsius in (9.0, 8.0, 7.0, 6.0):
        block(rig, celsius)
    assert rig.position == 9980
    block(rig, 9.0)
    assert rig.position == 9988


def test_it_is_off_unless_the_profile_wants_it() -> None:
    rig = rig_with(enabled=False)
    block(rig, 5.0)
    assert (rig.moves, rig.state.leaves["compensation"]) == ([], "Off")


# --- over any path of temperatures, whatever comes between ---

OFFSETS = {"L": 100, "R": 130, "B": 60}
FILTERS: dict[str, Any] = {
    "L": {"offset_steps": 100},
    "R": {"offset_steps": 130},
    "B": {"offset_steps": 60, "focus": "via", "via": "L"},
}
DEGREES = st.floats(-4.0, 4.0, width=32)
HAPPENED = st.sampled_from(
    [
        "aid",
        "flip",
        "shutter",
        "slip",
        "astray",
        "astray",
        "nan",
        "spike",
        "run",
        "run fails",
        "run ends",
        "ends",
        "rest",
    ]
)
ACTS = st.lists(st.one_of(DEGREES, DEGREES, HAPPENED, st.sampled_from(sorted(OFFSETS))), min_size=1, max_size=25)


class Night:
    """A rig that compensates, the ideal beside it, and what stands in the way of a move."""

    def __init__(self, ideal: Ideal, source: str, **rule: Any) -> None:
        self.rig = quiet_rig(
            compensation=RULE | {"source": source, **rule}, filters=FILTERS, failure={"retry_after_min": 0.0}
        )
        self.rig.tell(events.PlanStarted(frame_type="Light", filter=ideal.filter))
        self.ideal, self.source, self.celsius = ideal, source, 10.0
        self.in_the_way: set[str] = set()

    def read(self, *celsius: float, answer: bool = True) -> None:
        """Read the sensors: the external one is three degrees colder than the focuser's."""
        for value in celsius:
            self.rig.t += 10.0
            read = events.TemperatureRead(focuser_c=value, external_c=value - 3.0)
            (self.rig.tell if answer else self.rig.send)(read)
            self.ideal.hear(value - {"focuser": 0.0, "external": 3.0, "average": 1.5}[self.source])

    def act(self, act: float | str) -> None:
        """Let something happen."""
        if isinstance(act, float):
            self.celsius = max(-35.0, min(40.0, self.celsius + act))
            self.read(self.celsius)
        elif act in OFFSETS:
            self.rig.tell(events.FilterChanged(former=self.ideal.filter, filter=act))
            self.ideal.filter = act
        elif act in ("aid", "flip", "shutter"):
            self._toggle(act)
        elif act == "clear":
            for what in sorted(self.in_the_way):
                self._toggle(what)
        elif act in ("slip", "astray"):
            self.rig.script("move_focuser", self._slipped)
            if act == "astray":
                self.celsius += 3.0 if self.celsius < 10.0 else -3.0
                self.read(*[self.celsius] * self.ideal.block)
        elif act in ("nan", "spike"):
            self.read(float("nan") if act == "nan" else self.celsius + 20.0)
        else:
            self._run(act)

    def _toggle(self, what: str) -> None:
        first, second = {
            "aid": (events.AidOpened(aid="Bahtinov Aid"), events.AidClosed(aid="Bahtinov Aid")),
            "flip": (events.FlipStarted(), events.FlipFinished()),
            "shutter": (
                events.FramePreparing(number=1, frame_type="Light"),
                events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light"),
            ),
        }[what]
        self.rig.tell(second if what in self.in_the_way else first)
        self.in_the_way ^= {what}

    def _slipped(self, effect: Effect) -> events.Event:
        """The focuser stops half-way, and says that it failed."""
        assert isinstance(effect, MoveFocuser)
        self.rig.position = (self.rig.position + effect.position) // 2
        return failed(effect)

    def _run(self, how: str) -> None:
        """A run by hand, in which readings come in; it succeeds, fails, or is cancelled, sooner or later."""
        rig = self.rig
        rig.read_facts()
        rig.best = 10_000 + OFFSETS["L" if self.ideal.filter == "B" else self.ideal.filter] - 100 + 3 * self.celsius
        ended = len(rig.runs)
        rig.send(events.RunRequested())
        if how != "ends" and rig.state.context.run is not None:
            while rig.waiting and rig.leaf != "Refocusing.Measuring":
                rig.answer()
            self.read(self.celsius, answer=False)
        if how == "run fails":
            rig.script("measure_frame", failed)
        if how in ("run ends", "ends"):
            rig.send(events.CancelRequested())
        rig.until("")
        rig._script["measure_frame"].clear()
        for run in rig.runs[ended:]:
            if run.outcome in ("validated", "unvalidated"):
                self.ideal.refocused(rig.position)

    def settle(self, readings: int) -> None:
        """Let readings come that change nothing any more."""
        self.rig._script["move_focuser"].clear()
        self.read(*[self.celsius] * readings)


@settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    acts=ACTS,
    per_degree=st.floats(-30, 30, width=32),
    most=st.integers(20, 50),
    total=st.sampled_from([60, 300]),
    size=st.integers(1, 4),
    mode=st.sampled_from(["real_time", "after_exposure"]),
    source=st.sampled_from(["focuser", "external", "average"]),
)
def test_c4_over_any_night_the_focuser_is_within_one_step_of_the_ideal(
    acts: list[float | str], per_degree: float, most: int, total: int, size: int, mode: str, source: str
) -> None:
    """With runs, flips, aids, filter changes, failed moves and bad readings in between, nothing is lost or doubled."""
    ideal = Ideal(per_degree, size, total, OFFSETS, focus=10_000, filter="L")
    rule = {"steps_per_degree": per_degree, "max_correction_steps": most, "max_total_steps": total}
    night = Night(ideal, source, mode=mode, average_readings=size, **rule)
    for act in [*acts, "clear", "rest"]:
        if act != "rest":
            night.act(act)
        elif not night.in_the_way:
            night.settle(2 * size + 2 * total // most + 4)
            assert abs(night.rig.position - ideal.position) < 1 + 1e-6
    assert [step.fault for step in night.rig.steps if step.outcome == "fault"] == []
