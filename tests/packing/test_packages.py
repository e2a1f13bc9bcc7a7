"""A15: runs are saved with their frames, and the frames give the run's own answer again."""

from __future__ import annotations

import json
import os
import resource
import shutil
import time
from collections.abc import Callable
from errno import ENOSPC
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from statefocus import events
from statefocus.context import Run
from statefocus.errors import StatefocusError
from statefocus.frames import write_frame
from statefocus.package import answer_of, focus_package
from statefocus.packing import read_record
from statefocus.packing.draft import STALE_S
from statefocus.profile import Profile
from statefocus.trace.records import fit_record

from .rigs import SHAPE, field, focus, framed_rig, packages


def saved(folder: Path, **wanted: Any) -> tuple[Path, Run]:
    """The one package of a run that is made now, and the run."""
    with framed_rig(folder, **wanted) as rig:
        focus(rig)
    (package,) = packages(folder)
    assert rig.told == []
    return package, rig.runs[-1]


def same_answer(package: Path, run: Run, profile: Profile | None = None) -> dict[str, Any]:
    """See to it that a package says what its run has said, to the last bit."""
    record = focus_package(package, profile)
    assert run.fit is not None
    told = fit_record(run.fit)
    assert {name: record[name] for name in told} == told
    assert [point["measure"] for point in record["points"]] == [point.measure for point in run.points]
    assert [point["error"] for point in record["points"]] == [point.error for point in run.points]
    return record


def edit(package: Path, **changes: Any) -> None:
    """Change keys of a package's record."""
    path = package / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# --- the same answer ---


def test_a15_a_package_gives_the_answer_of_its_run(tmp_path: Path) -> None:
    package, run = saved(tmp_path)
    assert run.outcome == "validated"
    record = same_answer(package, run)
    assert (record["settings"], record["remarks"], record["accepted"]) == ("package", [], True)
    assert record["recorded"]["best_position"] == record["best_position"]


def test_a15_frames_are_told_in_their_headers_and_the_validation_frame_is_no_point(tmp_path: Path) -> None:
    package, run = saved(tmp_path, autofocus={"exposure_s": 3.0, "gain": 120})
    headers = [fits.getheader(path) for path in sorted(package.glob("*.fits"))]
    assert [header["FOCUSPOS"] for header in headers] == [point.position for point in run.points]
    told = {key: headers[0][key] for key in ("EXPTIME", "XBINNING", "GAIN", "IMAGETYP", "AFRUN", "AFPART")}
    assert told == {"EXPTIME": 3.0, "XBINNING": 1, "GAIN": 120, "IMAGETYP": "Focus", "AFRUN": 1, "AFPART": "sweep"}
    assert headers[0]["DATE-OBS"] < headers[1]["DATE-OBS"]
    assert [path.name for path in (package / "validation").iterdir()] == ["010_10000.fits"]
    assert fits.getdata(package / "001_10060.fits").shape == SHAPE


def test_a15_several_frames_a_point_an_outlier_and_clouds(tmp_path: Path) -> None:
    package, run = saved(tmp_path, autofocus={"frames_per_point": 3}, clouded=(4, 5, 6, 11))
    assert len(run.points) == 9
    assert run.points[1].measure is None
    record = same_answer(package, run)
    assert [len(point["files"]) for point in record["points"]] == [3] * 9
    assert record["rejected"][0]["why"] == "no star was measured there"


def test_a15_the_forward_model_is_asked_again(tmp_path: Path) -> None:
    package, run = saved(tmp_path, fit={"refine": "forward"})
    assert run.fit is not None
    assert run.fit.refinement is not None
    assert run.fit.refinement.checks[0].passed  # the stars' shapes were there
    record = same_answer(package, run)
    assert record["refinement"]["checks"][1]["name"] == "shapes_fit"
    plain = focus_package(package, Profile.model_validate({"fit": {"refine": "none"}}))
    assert plain.get("refinement") is None


def test_a15_crop_and_dark_need_neither_profile_nor_folder_of_darks(tmp_path: Path) -> None:
    darks, hot = tmp_path / "darks", np.zeros(SHAPE, np.uint16)
    hot[::17, ::13] = 6000
    darks.mkdir()
    write_frame(darks / "004_master.fits", hot + np.uint16(100), {"XBINNING": 1})
    autofocus = {"crop_percent": 10.0, "dark_folder": str(darks)}
    package, run = saved(tmp_path, dark=hot, autofocus=autofocus)
    shutil.rmtree(darks)
    assert run.remarks == ()
    record = same_answer(package, run)
    assert record["accepted"]
    without = focus_package(package, Profile.model_validate({"autofocus": {"crop_percent": 10.0}}))
    assert [point["measure"] for point in without["points"]] != [point["measure"] for point in record["points"]]


def test_a15_a_dark_that_is_missing_is_noted_in_the_run_and_not_in_its_package(tmp_path: Path) -> None:
    (tmp_path / "darks").mkdir()
    package, run = saved(tmp_path, autofocus={"dark_folder": str(tmp_path / "darks")})
    assert "There is no dark for 4 s" in run.remarks[0]
    same_answer(package, run)


def test_a15_a_sweep_that_smart_focus_extends(tmp_path: Path) -> None:
    package, run = saved(tmp_path, best=10_058.0)
    assert run.sweep.extended > 0
    same_answer(package, run)


def test_a15_a_sweep_that_was_made_again_keeps_the_first_one_apart(tmp_path: Path) -> None:
    package, run = saved(tmp_path, clouded=(1, 2, 3, 4, 5, 6, 7, 8))
    assert (run.sweep.recentred, len(run.earlier_points)) == (True, 9)
    assert len(list((package / "earlier").glob("*.fits"))) == 9
    same_answer(package, run)


def learned(folder: Path, best: float) -> tuple[Path, Run]:
    """The package of the fourth run of a night, whose first three have taught the curve."""
    with framed_rig(folder, autofocus={"sweep": "learned"}) as rig:
        for _ in range(3):
            focus(rig)
        rig.best = best
        focus(rig)
    return packages(folder)[3], rig.runs[3]


def test_a15_a_learned_sweep_needs_the_curve_that_was_taught(tmp_path: Path) -> None:
    package, run = learned(tmp_path, 10_004.0)
    assert (len(run.points), run.fit and run.fit.model) == (2, "learned")
    same_answer(package, run)
    edit(package, learned_slopes=[])
    assert not focus_package(package)["accepted"]


def test_a15_a_learned_sweep_that_was_not_believed_leaves_a_whole_one(tmp_path: Path) -> None:
    package, run = learned(tmp_path, 10_060.0)
    assert run.doubted is not None
    assert len(list((package / "earlier").glob("*.fits"))) >= 2
    same_answer(package, run)


def test_a15_the_fit_is_held_against_the_same_earlier_runs(tmp_path: Path) -> None:
    with framed_rig(tmp_path) as rig:
        focus(rig)
        focus(rig, again=True)
    first, second = packages(tmp_path)
    same_answer(first, rig.runs[0])
    record = same_answer(second, rig.runs[1])
    assert "plausible_position" in {verdict["name"] for verdict in record["verdicts"]}


def test_a15_a_refused_run_is_saved_too_and_says_the_same(tmp_path: Path) -> None:
    package, run = saved(tmp_path, clouded=tuple(range(1, 40)))
    assert run.outcome == "restored"
    record = same_answer(package, run)
    assert record["reasons"][0].startswith("No star was measured at any position")


def test_a15_a_run_that_was_cancelled_keeps_what_it_measured(tmp_path: Path) -> None:
    with framed_rig(tmp_path) as rig:
        rig.send(events.RunRequested())
        while len(rig.state.context.run.points if rig.state.context.run else ()) < 5:
            rig.answer()
        rig.until("Refocusing.Measuring")
        rig.tell(events.CancelRequested())
    (package,) = packages(tmp_path)
    assert rig.runs[0].outcome == "cancelled"
    assert len(focus_package(package)["points"]) == 5
    assert [path.name for path in (package / "unused").iterdir()] == ["006_9985.fits"]


# --- another profile ---


def test_a15_another_profile_asks_another_question(tmp_path: Path) -> None:
    package, run = saved(tmp_path)
    tree = {"fit": {"model": "parabola"}, "autofocus": {"crop_percent": 20.0}, "optics": {"f_ratio": 2.0}}
    answer = answer_of(package, Profile.model_validate(tree))
    assert (answer.record["settings"], answer.record["model"]) == ("profile", "parabola")
    assert [point.stars for point in answer.points] != [point.stars for point in run.points]
    width = 0.8 * SHAPE[1]
    assert max(star[0] for point in answer.points for star in point.table) < max(width, 0.8 * SHAPE[0])
    zone = Profile.model_validate(tree).cfz_steps
    assert any(verdict["limit"] == pytest.approx(zone) for verdict in answer.record["verdicts"])


def test_a15_another_metric_is_held_against_the_positions_of_earlier_runs_only(tmp_path: Path) -> None:
    with framed_rig(tmp_path) as rig:
        focus(rig)
        focus(rig)
    profile = Profile.model_validate({"autofocus": {"metric": "inverse-power"}})
    record = focus_package(packages(tmp_path)[1], profile)
    named = {verdict["name"] for verdict in record["verdicts"]}
    assert record["metric"] == "inverse-power"
    assert "plausible_position" in named
    assert "plausible_measure" not in named


def test_a15_frames_of_another_program_are_cropped_and_freed_from_their_dark_as_the_profile_says(
    tmp_path: Path,
) -> None:
    hot = np.zeros(SHAPE, np.uint16)
    hot[::17, ::13] = 6000
    frames, darks = tmp_path / "frames", tmp_path / "darks"
    frames.mkdir()
    darks.mkdir()
    write_frame(darks / "005_m.fits", hot + np.uint16(100), {})
    for step in range(-4, 5):
        pixels = field(round((1.6**2 + (0.75 * step) ** 2) ** 0.5, 2))
        write_frame(frames / f"frame_{1000 + 15 * step}.fits", pixels + hot, {"EXPTIME": 5.0})
    profile = {"autofocus": {"dark_folder": str(darks), "crop_percent": 10.0}}
    record = focus_package(frames, Profile.model_validate(profile))
    assert record["accepted"]
    assert record["best_position"] == pytest.approx(1000, abs=2)
    assert record["remarks"] == []
    raw = focus_package(frames)
    assert [p["stars"] for p in raw["points"]] != [p["stars"] for p in record["points"]]
    profile["autofocus"]["dark_folder"] = str(tmp_path / "nowhere")
    assert "cannot be read" in focus_package(frames, Profile.model_validate(profile))["remarks"][0]


def test_a15_frames_of_another_program_at_one_position_are_one_point_where_the_profile_says_so(tmp_path: Path) -> None:
    for step in range(-4, 5):
        pixels = field(round((1.6**2 + (0.75 * step) ** 2) ** 0.5, 2))
        for name in "ab":
            write_frame(tmp_path / f"{name}{step}.fits", pixels, {"FOCUSPOS": 1000 + 15 * step})
    each = focus_package(tmp_path)
    both = focus_package(tmp_path, Profile.model_validate({"autofocus": {"frames_per_point": 2}}))
    three = focus_package(tmp_path, Profile.model_validate({"autofocus": {"frames_per_point": 3}}))
    assert [len(record["points"]) for record in (each, both, three)] == [18, 9, 18]
    assert "takes 3 frames a point" in three["remarks"][0]
    assert each["best_position"] == pytest.approx(both["best_position"], abs=1)


# --- what is wrong with a package is told ---


FRAME = "003_10015.fits"


def _outside(package: Path) -> None:
    frames = json.loads((package / "record.json").read_text())["frames"]
    edit(package, frames=[frames[0] | {"file": "../a.fits"}])


def _moved(package: Path) -> None:
    frames = json.loads((package / "record.json").read_text())["frames"]
    edit(package, frames=[frame | {"position": frame["position"] + 500} for frame in frames])


SPOILT: dict[str, Callable[[Path], Any]] = {
    "missing": lambda package: (package / FRAME).unlink(),
    "cut": lambda package: (package / FRAME).write_bytes((package / FRAME).read_bytes()[:9000]),
    "size": lambda package: write_frame(package / FRAME, np.zeros((50, 60), np.uint16), {"FOCUSPOS": 10_030}),
    "future": lambda package: edit(package, version=99),
    "other": lambda package: edit(package, kind="a recipe"),
    "json": lambda package: (package / "record.json").write_text('{"kind": '),
    "deep": lambda package: (package / "record.json").write_text("[" * 200_000),
    "fields": lambda package: edit(package, frames=[{"file": 3}]),
    "profile": lambda package: edit(package, profile={"autofocus": {"points": "many"}}),
    "outside": _outside,
    "moved": _moved,
    "header": lambda package: fits.setval(package / FRAME, "FOCUSPOS", value=10_016),
    "slopes": lambda package: edit(package, learned_slopes=[0.0, 0.0, 0.0]),
    "dark": lambda package: edit(package, dark="darks/004_m.fits"),
    "black": lambda package: write_frame(package / FRAME, np.full(SHAPE, np.nan, np.float32), {}),
    "run": lambda package: edit(package, run={"sweep": "lost", "fit": 3}),
}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("missing", "003_10015.fits is missing from the package: copy it back"),
        ("cut", "003_10015.fits is cut short: its header tells of 400 x 300 pixels, and only 6120 bytes are there."),
        ("size", "003_10015.fits is 60 x 50 pixels, and was saved as 400 x 300: copy it back"),
        ("future", "has version 99, and this statefocus reads version 1: install a newer statefocus"),
        ("other", "is no record of a package: move record.json away"),
        ("json", "record.json is damaged"),
        ("deep", "record.json is damaged"),
        ("fields", "record.json is damaged"),
        ("profile", "holds settings that are none"),
        ("outside", "which is not within the package"),
        ("run", "record.json is damaged"),
        (
            "moved",
            "001_10045.fits says that the focuser was at 10045, and record.json says 10545: one of them was edited",
        ),
        (
            "header",
            "003_10015.fits says that the focuser was at 10016, and record.json says 10015: one of them was edited",
        ),
        ("slopes", "record.json is damaged"),
        ("dark", "the dark that was subtracted, is missing from the package: copy it back"),
        ("black", "003_10015.fits: The frame holds no number at all"),
    ],
)
def test_a15_what_is_wrong_with_a_package_is_one_sentence(tmp_path: Path, how: str, said: str) -> None:
    package, _ = saved(tmp_path, autofocus={"points": 7})
    SPOILT[how](package)
    with pytest.raises(StatefocusError) as raised:
        focus_package(package)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a15_a_frame_that_was_edited_is_measured_and_named(tmp_path: Path) -> None:
    package, _ = saved(tmp_path, autofocus={"points": 7})
    with fits.open(package / "003_10015.fits", mode="update") as units:
        units[0].data = units[0].data + 1
    (remark,) = focus_package(package)["remarks"]
    assert remark.startswith("The pixels of 003_10015.fits are not those that were saved")


def test_a15_a_header_that_tells_no_position_is_believed_to_be_the_record_s(tmp_path: Path) -> None:
    package, run = saved(tmp_path, autofocus={"points": 7})
    fits.delval(package / FRAME, "FOCUSPOS")
    same_answer(package, run)


def test_a15_what_is_odd_with_frames_of_another_program_is_noted(tmp_path: Path) -> None:
    for step in range(-4, 5):
        pixels = field(round((1.6**2 + (0.75 * step) ** 2) ** 0.5, 2))
        write_frame(tmp_path / f"a_{1000 + 15 * step}.fits", pixels / 65535, {})
    record = focus_package(tmp_path)
    (tmp_path / "index.csv").write_text("file,position\na_940.fits,940\n")
    forgotten = focus_package(tmp_path)["remarks"][0]
    assert forgotten.startswith(
        "index.csv has no row for a_955.fits, a_970.fits, a_985.fits, a_1000.fits ...: the last"
    )
    assert record["accepted"]
    assert record["best_position"] == pytest.approx(1000, abs=2)
    assert record["remarks"] == ["Pixels with values from 0 to 1 were multiplied by 65535."]


def test_a15_a_package_whose_record_is_moved_away_is_a_folder_of_frames(tmp_path: Path) -> None:
    package, run = saved(tmp_path)
    (package / "record.json").unlink()
    record = focus_package(package)
    assert record["settings"] == "defaults"
    assert [point["position"] for point in record["points"]] == sorted(point.position for point in run.points)


def test_a15_frames_of_several_sizes_and_far_too_many_frames_are_told(tmp_path: Path) -> None:
    write_frame(tmp_path / "a_1.fits", np.zeros((50, 60), np.uint16), {})
    write_frame(tmp_path / "a_2.fits", np.zeros((60, 60), np.uint16), {})
    with pytest.raises(StatefocusError, match=r"a_2.fits is 60 x 60 pixels, and a_1.fits is 60 x 50: a sweep's"):
        focus_package(tmp_path)
    for number in range(10_000):
        (tmp_path / f"b_{number}.fits").touch()
    with pytest.raises(StatefocusError, match="holds 10002 frames, and a sweep has at most 1000"):
        focus_package(tmp_path)


# --- what is kept, and what a bad disk costs ---


def test_a15_nothing_is_saved_where_nobody_asked_for_it(tmp_path: Path) -> None:
    with framed_rig(tmp_path, records={"save_focus_frames": False}) as rig:
        focus(rig)
    assert list(tmp_path.iterdir()) == []


def test_a15_only_the_newest_are_kept_and_one_that_was_renamed_stays(tmp_path: Path) -> None:
    with framed_rig(tmp_path, autofocus={"points": 7}, records={"packages_kept": 2}) as rig:
        focus(rig)
    (first,) = packages(tmp_path)
    first.rename(first.with_name("keep me"))
    with framed_rig(tmp_path, autofocus={"points": 7}, records={"packages_kept": 2}) as rig:
        for _ in range(3):
            focus(rig)
    assert [place.name.rpartition("_")[2] for place in packages(tmp_path)] == ["run-02", "run-03", "keep me"]


def test_a15_only_failed_runs_are_kept_where_the_profile_says_so(tmp_path: Path) -> None:
    wanted = {"packages_of": "failed"}
    with framed_rig(tmp_path, autofocus={"points": 7}, records=wanted, clouded=tuple(range(9, 40))) as rig:
        focus(rig)
        focus(rig)
    assert [run.outcome for run in rig.runs] == ["validated", "restored"]
    assert [place.name.rpartition("_")[2] for place in packages(tmp_path)] == ["run-02"]


def test_a15_two_runs_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for _ in range(2):
        with framed_rig(tmp_path, autofocus={"points": 7}) as rig:
            focus(rig)
    assert [place.name for place in packages(tmp_path)] == [
        "2026-03-14_20-30-00_rig_run-01",
        "2026-03-14_20-30-00_rig_run-01-2",
    ]


def test_a15_the_telescope_s_place_and_folders_of_this_machine_are_not_in_a_package(tmp_path: Path) -> None:
    package, _ = saved(tmp_path, site={"latitude_deg": 12.3456}, autofocus={"points": 7})
    text = (package / "record.json").read_text()
    assert "12.3456" not in text
    assert str(tmp_path) not in text


def test_a15_a_full_disk_costs_the_package_and_one_sentence_and_never_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [3]

    def full(*_args: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with framed_rig(tmp_path, autofocus={"points": 7}) as rig:
        focus(rig)
        focus(rig)
    assert [run.outcome for run in rig.runs] == ["validated", "validated"]
    ((level, sentence),) = rig.told
    assert level == "warning"
    assert sentence == (
        "The package of run 1 is not saved: no room is left on the disk. "
        f"Look at the disk of {tmp_path / 'night'}. Focusing goes on without."
    )
    assert list((tmp_path / "night" / "packages").iterdir()) == []


def test_a15_a_file_that_may_not_be_so_large_is_told_in_plain_words(tmp_path: Path) -> None:
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, usual[1]))
    try:
        with framed_rig(tmp_path, autofocus={"points": 7}) as rig:
            focus(rig)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert rig.runs[0].outcome == "validated"
    assert rig.told[0][1] == (
        "The package of run 1 is not saved: it would be larger than a file may be here (ulimit -f, or the kind of "
        f"disk). Look at the disk of {tmp_path / 'night'}. Focusing goes on without."
    )
    assert list((tmp_path / "night" / "packages").iterdir()) == []


@pytest.mark.parametrize("name", ["packages", "pictures"])
def test_a15_a_file_in_place_of_a_folder_costs_no_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "night").mkdir()
    (tmp_path / "night" / name).write_text("in the way")
    with framed_rig(tmp_path, autofocus={"points": 7}, records={"save_pictures": True}) as rig:
        focus(rig)
    assert rig.runs[0].outcome == "validated"
    ((_, sentence),) = rig.told
    assert sentence.startswith(f"The {name.removesuffix('s')} of run 1 is not saved")
    assert str(tmp_path / "night") in sentence
    assert ".part" not in sentence


def test_a15_the_last_of_the_disk_is_left_for_the_plan_s_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 29)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    with framed_rig(tmp_path, autofocus={"points": 7}) as rig:
        focus(rig)
    assert rig.runs[0].outcome == "validated"
    assert "less than 1 GB is free" in rig.told[0][1]
    assert packages(tmp_path) == []


def test_a15_what_a_power_cut_has_left_is_no_package_and_is_removed_later(tmp_path: Path) -> None:
    home = tmp_path / "night" / "packages"
    for name in (".old.part", ".new.part"):
        (home / name).mkdir(parents=True)
    long_ago = time.time() - 2 * STALE_S
    os.utime(home / ".old.part", (long_ago, long_ago))
    with framed_rig(tmp_path, autofocus={"points": 7}):
        pass
    assert [place.name for place in home.iterdir()] == [".new.part"]


def test_a15_a_session_that_ends_in_the_middle_of_a_run_leaves_nothing_unfinished(tmp_path: Path) -> None:
    with framed_rig(tmp_path) as rig:
        rig.send(events.RunRequested())
        while rig.taken < 4:
            rig.answer()
        rig.answer()
    assert list((tmp_path / "night" / "packages").iterdir()) == []


def test_a15_a_disk_that_is_slower_than_the_camera_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("statefocus.packing.clerk.PATIENCE_S", 0.0)
    disk_is_back = Event()
    monkeypatch.setattr("statefocus.packing.draft.write_frame", lambda *_args: disk_is_back.wait(60))
    with framed_rig(tmp_path) as rig:
        focus(rig)
        assert rig.runs[0].outcome == "validated"  # while the first frame is still being written
        disk_is_back.set()
    assert "its disk is slower than the camera" in rig.told[0][1]
    assert packages(tmp_path) == []


def test_a15_the_record_reads_back(tmp_path: Path) -> None:
    package, run = saved(tmp_path, autofocus={"points": 7})
    record = read_record(package)
    assert record is not None
    assert [frame.part for frame in record.frames] == ["sweep"] * 7 + ["validation"]
    assert [frame.value for frame in record.part("sweep")] == [point.measure for point in run.points]
    assert record.run["outcome"] == "validated"


def test_a15_a_fault_of_the_saving_is_told_and_costs_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(_profile: Profile) -> dict[str, Any]:
        raise ValueError("on purpose")

    monkeypatch.setattr("statefocus.packing.runs.settings_of", faulty)
    with framed_rig(tmp_path, autofocus={"points": 7}) as rig:
        focus(rig)
        focus(rig)
    assert [run.outcome for run in rig.runs] == ["validated", "validated"]
    ((_, sentence),) = rig.told
    assert sentence.startswith("Runs are not saved any more: ValueError: on purpose.")


def test_a19_a_picture_of_each_run_lies_beside_the_trace(tmp_path: Path) -> None:
    records = {"save_focus_frames": False, "save_pictures": True}
    with framed_rig(tmp_path, autofocus={"points": 7}, records=records) as rig:
        focus(rig)
    pictures = list((tmp_path / "night" / "pictures").iterdir())
    assert [path.name for path in pictures] == ["2026-03-14_20-30-00_run-01.png"]
    assert pictures[0].read_bytes()[:4] == b"\x89PNG"
    assert packages(tmp_path) == []
