"""What a proof may know of guards, and what it must show (see docs/proof.md); tests hold it against the real folds."""

from __future__ import annotations

from statefocus.machine.duties import NONE, RUN, SETTLED, Bound, Duties, Fact
from statefocus.machine.vocabulary import FAILURE

_MARKS = frozenset(
    {
        "mark_validated",
        "mark_unvalidated",
        "mark_not_validated",
        "mark_rejected",
        "mark_refused",
        "mark_failed",
        "mark_cancelled",
        "mark_interrupted",
        "mark_overtaken",
        "mark_lost",
    }
)
"""Actions that say how a run ends."""

_FACTS = {
    RUN: Fact("a run is under way", says_no=frozenset({"no_run"})),
    SETTLED: Fact("the run is over", says_yes=frozenset({"run_given_up"})),
    "focuser_read": Fact(
        "the run knows where the focuser stood",
        raised_by=frozenset({"focuser_prepared", "begin_undo"}),
        lowered_by=frozenset({"begin_run", "conclude_run"}),
        says_no=frozenset({"nothing_to_restore"}),
    ),
    "away": Fact(
        "the focuser stands where the run left it",
        raised_by=frozenset({"move_to_point", "move_to_best"}),
        lowered_by=frozenset({"move_back", "mark_validated", "mark_unvalidated", "begin_run", "begin_undo"}),
    ),
    "returning": Fact(
        "the way back has not been made",
        raised_by=frozenset({"move_back"}),
        lowered_by=frozenset({"focuser_moved", "mark_lost", "begin_run", "begin_undo"}),
    ),
    "driver_off": Fact(
        "the driver's own compensation is off",
        raised_by=frozenset({"prepare_focuser"}),
        lowered_by=frozenset({"release_focuser"}),
    ),
    "refused": Fact(
        "the focuser cannot make the sweep",
        perhaps_raised_by=frozenset({"focuser_prepared"}),
        lowered_by=_MARKS | {"begin_run", "begin_undo", "conclude_run"},
        passes_while=frozenset({"sweep_refused"}),
    ),
    "unread": Fact(
        "the focuser was not read for this run",
        raised_by=frozenset({"begin_run"}),
        lowered_by=_MARKS | {"focuser_prepared", "begin_undo", "conclude_run"},
    ),
    "unfitted": Fact(
        "no curve was fitted in this run",
        raised_by=frozenset({"begin_run", "extend_sweep", "recentre_sweep", "sweep_in_full"}),
        lowered_by=_MARKS | {"fit_curve", "begin_undo", "conclude_run"},
    ),
    "fitted": Fact(
        "the sweep under way was fitted",
        raised_by=frozenset({"fit_curve"}),
        lowered_by=_MARKS
        | {"begin_run", "extend_sweep", "recentre_sweep", "sweep_in_full", "begin_undo", "conclude_run"},
    ),
    "other_filter": Fact(
        "the run is made in another filter than the plan's",
        raised_by=frozenset({"turn_to_focus_filter"}),
        lowered_by=frozenset({"begin_run", "begin_undo", "conclude_run"}),
        only_while=frozenset({"filter_to_restore", "run_offset_owed"}),
    ),
    "interrupted": Fact(
        "the run was given up for what happened around it",
        raised_by=frozenset({"mark_interrupted", "mark_overtaken", "mark_cancelled", "begin_undo"}),
        lowered_by=_MARKS - {"mark_interrupted", "mark_overtaken", "mark_cancelled"} | {"begin_run", "conclude_run"},
        only_while=frozenset({"flip_missed"}),
    ),
    "correcting": Fact(
        "the last correction was not booked",
        raised_by=frozenset({"correct_focuser"}),
        lowered_by=frozenset({"book_correction", "drop_correction"}),
        blocks_while=frozenset({"focuser_still"}),
    ),
    "offsetting": Fact(
        "the last move for a filter was not booked",
        raised_by=frozenset({"apply_offset"}),
        lowered_by=frozenset({"book_offset", "drop_offset"}),
        blocks_while=frozenset({"focuser_still"}),
    ),
    "flip": Fact(
        "a flip is under way",
        raised_by=frozenset({"flip_started"}),
        lowered_by=frozenset({"flip_finished", "exposure_started", "plan_finished", "plan_aborted", "host_lost"}),
        says_yes=frozenset({"flip_under_way"}),
        says_no=frozenset({"no_flip"}),
    ),
    "wished": Fact(
        "a person asked for it",
        raised_by=frozenset({"begin_undo"}),
        lowered_by=frozenset({"conclude_run"}),
        passes_while=frozenset({"asked_by_person"}),
    ),
    "aid": Fact(
        "a focusing aid is open",
        raised_by=frozenset({"aid_opened"}),
        perhaps_lowered_by=frozenset({"aid_closed"}),
        says_no=frozenset({"aids_closed"}),
    ),
    "ending": Fact(
        "the session is being wound up",
        raised_by=frozenset({"session_ending"}),
        says_yes=frozenset({"session_ends"}),
        says_no=frozenset({"session_goes_on"}),
    ),
}

_RETRIES = Bound(
    spent_by=frozenset({"count_retry", "wait_for_retry"}),
    renewed_by=frozenset(
        {
            "begin_run",
            "begin_undo",
            "frame_taken",
            "filter_set",
            "fit_curve",
            "release_focuser",
        }
    )
    | _MARKS,
)
_NEW_RUN = frozenset({"begin_run", "begin_undo"})
_SWEPT_AGAIN = frozenset({"extend_sweep", "recentre_sweep", "sweep_in_full"})
_POINTS = Bound(spent_by=frozenset({"frame_measured"}), renewed_by=_NEW_RUN | _SWEPT_AGAIN)
_VALIDATIONS = Bound(spent_by=frozenset({"frame_measured"}), renewed_by=_NEW_RUN | {"sweep_in_full"})
_REPEATS = Bound(spent_by=frozenset({"frame_measured"}), renewed_by=_NEW_RUN | {"move_to_point"})

DUTIES = Duties(
    facts=_FACTS,
    bounds={
        "exposure_retry_left": _RETRIES,
        "put_back_retry_left": _RETRIES,
        "points_left": _POINTS,
        "frames_left": _REPEATS,
        "validation_repeatable": _VALIDATIONS,
        "sweep_to_extend": Bound(spent_by=frozenset({"extend_sweep"}), renewed_by=_NEW_RUN),
        "full_sweep_left": Bound(spent_by=frozenset({"sweep_in_full"}), renewed_by=_NEW_RUN),
        "sweep_to_recentre": Bound(spent_by=frozenset({"recentre_sweep"}), renewed_by=_NEW_RUN),
    },
    holds="pause_plan",
    releases=frozenset({"resume_plan", "abort_plan", "leave_plan_paused"}),
    for_held_plans=frozenset({"prepare_focuser", "move_focuser", "take_frame"}),
    needed_answers=frozenset({"prepare_focuser"}),
    interrupts={
        "cancel_requested": NONE,
        "session_ending": NONE,
        "flip_started": NONE,
        "filter_changed": frozenset({"filter_lost"}),
        "safety_read": frozenset({"ground_lost"}),
        "mount_read": frozenset({"ground_lost"}),
        "host_focusing": frozenset({"ground_lost"}),
    },
    excluded={
        **dict.fromkeys(
            ("correct_focuser", "apply_offset"), frozenset({RUN, "flip", "aid", "ending", "correcting", "offsetting"})
        ),
        "give_back_compensation": frozenset({RUN, "correcting"}),
        "move_to_point": frozenset({SETTLED, "refused", "unread", "fitted"}),
        **dict.fromkeys(("expose", "measure", "fit_curve"), frozenset({SETTLED})),
        **dict.fromkeys(
            ("extend_sweep", "recentre_sweep", "sweep_in_full", "move_to_best", "mark_validated", "mark_unvalidated"),
            frozenset({SETTLED, "unfitted"}),
        ),
        "mark_not_validated": frozenset({"unfitted"}),
        "begin_run": frozenset({"ending", "flip"}),
        "begin_undo": frozenset({"ending", "flip"}),
        "conclude_run": frozenset({"away", "returning", "driver_off"}),
    },
    only_on={
        "mark_lost": frozenset({FAILURE}),
        "tell_plan_stuck": frozenset({FAILURE}),
        "tell_filter_stuck": frozenset({FAILURE}),
    },
    ending="ending",
)
