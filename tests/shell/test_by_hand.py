"""One run by hand, after a session that was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from statefocus.audience import Nobody
from statefocus.by_hand import Focused, Wish, focus_now
from statefocus.kept import Positions, positions_file
from statefocus.loading import load_profile
from statefocus.metrics import measurer
from statefocus.unfinished import CutOff, Unfinished


def focused(wish: Wish, folder: Path) -> Focused:
    loaded = load_profile(None)
    Positions(start=24_900, best=24_950).write(positions_file(loaded.profile))
    return focus_now(
        loaded,
        wish=wish,
        trace=folder / "t.jsonl",
        measure=measurer(loaded.profile, "hfr"),
        audience=Nobody(),
        ask=lambda _run: "accept",
        interruptible=lambda _interrupt: None,
    )


@pytest.mark.night
@pytest.mark.parametrize(("wish", "cause"), [("undo", "undo"), ("again", "manual")])
def test_what_a_person_asks_for_is_done_and_no_run_is_made_again(
    wish: Wish, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Unfinished, "find", lambda _self, at, _max_step: CutOff(at - 60, "A session was cut off."))
    (run,) = focused(wish, tmp_path).runs
    assert run.causes == (cause,)
    assert run.position == 24_900 if wish == "undo" else run.centre == 24_950
