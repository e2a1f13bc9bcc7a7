"""Profiles (P): every problem at once, each with file and line, and a hint where a finger slipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from statefocus.errors import Problem, ProfileError, UsageError
from statefocus.loading import load_for_night, load_profile, read_profile
from statefocus.profile import Profile
from statefocus.profile.telling import flat, reference


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ProfileError) as raised:
        read_profile(text, "rig.toml")
    return raised.value.problems


def problem_of(text: str) -> Problem:
    (problem,) = problems_of(text)
    assert problem.file == "rig.toml"
    return problem


# --- many at once ---

MANY = """schema = 1
name = ""
colour = "red"

[autofocus]
points = 8
step_size_steps = "fifteen"

[triggers.count]
frame = 30

[guards]
safe = "devise"
"""


def test_every_problem_is_told_at_once_with_its_line() -> None:
    found = {(problem.line, problem.code) for problem in problems_of(MANY)}
    assert found == {
        (2, "bad-value"),
        (3, "unknown-key"),
        (6, "bad-value"),
        (7, "bad-value"),
        (10, "unknown-key"),
        (13, "bad-value"),
    }


def test_each_problem_is_one_sentence_with_file_and_line() -> None:
    with pytest.raises(ProfileError) as raised:
        read_profile(MANY, "rig.toml")
    lines = str(raised.value).splitlines()
    assert len(lines) == 6
    assert all(line.startswith("rig.toml:") for line in lines)
    assert raised.value.exit_code == 2


# --- unknown keys ---


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("schema = 1\nnmae = 'x'\n", 2, "Did you mean `name`?"),
        ("[autofocuss]\npoints = 9\n", 1, "Did you mean `autofocus`?"),
        ("[autofocus]\npoints = 9\nexpsure_s = 3\n", 3, "Did you mean `exposure_s`?"),
        ("[triggers.temperature]\nlimit_f = 1\n", 2, "Did you mean `limit_c`?"),
        ("[autofocus.filters.Ha]\nexposre_s = 8\n", 2, "Did you mean `exposure_s`?"),
        ("[devices.camera]\nprot = 11111\n", 2, "Did you mean `port`?"),
        ("[[plan.jobs]]\nframes = 3\nexposure_s = 60\nfliter = 'L'\n", 4, "Did you mean `filter`?"),
        ("autofocus.points = 9\nautofocus.pionts = 9\n", 2, "Did you mean `points`?"),
    ],
)
def test_an_unknown_key_is_told_with_its_line_and_the_nearest_one(text: str, line: int, hint: str) -> None:
    problem = problem_of(text)
    assert (problem.code, problem.line, problem.hint) == ("unknown-key", line, hint)


JOBS = """[plan]
jobs = [
  { frames = 3, exposure_s = 60.0, filter = "L" },
  { frames = 0, exposure_s = 60.0, filter = "R" },
  { frames = 3, exposure_s = 60.0, fliter = "B" },
]
"""


def test_jobs_in_one_list_are_told_by_their_own_lines() -> None:
    assert {(problem.line, problem.code) for problem in problems_of(JOBS)} == {(4, "bad-value"), (5, "unknown-key")}


def test_a_job_that_says_too_little_is_told_by_its_line() -> None:
    problem = problem_of("[[plan.jobs]]\nframes = 3\nexposure_s = 60\n\n[[plan.jobs]]\nframes = 3\n")
    assert (problem.code, problem.line) == ("missing-key", 5)
    assert "exposure_s" in problem.sentence


# --- bad values ---


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[autofocus]\npoints = 8\n", 2, "use 7 or 9"),
        ("[autofocus]\npoints = 1\n", 2, "greater than or equal to 3"),
        ("[autofocus]\npoints = 9.5\n", 2, "integer"),
        ("[autofocus]\nexposure_s = 'long'\n", 2, "number"),
        ("[autofocus]\nexposure_s = 0\n", 2, "greater than 0"),
        ("[autofocus]\nexposure_s = nan\n", 2, "finite"),
        ("[autofocus]\nexposure_s = inf\n", 2, "finite"),
        ("[triggers]\nfirst_frame = 'perhaps'\n", 2, "boolean"),
        ("schema = 2\n", 1, "schema"),
        ("name = 5\n", 1, "string"),
        ("name = '../../elsewhere'\n", 1, "no path"),
        ("name = '.hidden'\n", 1, "no path"),
        ("autofocus = 5\n", 1, "autofocus"),
        ("autofocus = []\n", 1, "autofocus"),
        ("[plan]\njobs = 5\n", 2, "jobs"),
        ("[plan]\nstarts_at = 'tonight'\n", 2, "starts_at"),
        ("[devices.camera]\nport = 99999\n", 2, "65535"),
        ("[site]\nlatitude_deg = 91\n", 2, "90"),
    ],
)
def test_a_bad_value_is_told_with_its_line_and_what_is_allowed(text: str, line: int, said: str) -> None:
    problem = problem_of(text)
    assert (problem.code, problem.line) == ("bad-value", line)
    assert said in str(problem)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[guards]\nsafe = 'devise'\n", "device"),
        ("[guards]\nastro_night = 'requires'\n", "require"),
        ("[focuser]\nbacklash = 'overshot'\n", "overshoot"),
        ("[fit]\nmodel = 'hyperbole'\n", "hyperbola"),
        ("[failure]\npolicy = 'pasue'\n", "pause"),
        ("[[plan.jobs]]\nframes = 1\nexposure_s = 1\nframe_type = 'light'\n", "Light"),
        ("[[host.rehearsal]]\nat_min = 1\ndo = 'refocus_request'\n", "refocus_requested"),
    ],
)
def test_a_word_that_is_nearly_right_is_answered_with_the_right_one(text: str, meant: str) -> None:
    assert problem_of(text).hint == f"Did you mean `{meant}`?"


def test_a_time_zone_that_nobody_knows_is_a_problem_of_the_profile_not_of_the_night() -> None:
    assert problem_of("[site]\ntime_zone = 'Europe/Vienne'\n").line == 2


def test_a_night_that_begins_on_no_day_of_the_calendar_is_a_problem_of_the_profile() -> None:
    assert problem_of("[plan]\nstarts_at = '2026-02-30T20:30:00'\n").line == 2


# --- the whole file ---


def test_a_syntax_error_is_told_with_its_line_and_alone() -> None:
    problem = problem_of('schema = 1\n[autofocus\npoints = 8\nname = ""\n')
    assert (problem.code, problem.line) == ("toml-syntax", 2)


def test_real_devices_need_the_addresses_of_camera_and_focuser() -> None:
    problem = problem_of('[devices]\nkind = "alpaca"\n')
    assert problem.code == "conflict"
    assert "camera and focuser" in problem.sentence
    assert "focuser" in problem_of('[devices]\nkind = "alpaca"\n[devices.camera]\nhost = "10.0.0.2"\n').sentence


NO_OTHERS = "".join(f'guards.{name} = "not_used"\n' for name in ("tracking", "unparked", "flip_not_imminent", "safe"))


def test_addresses_of_both_are_enough() -> None:
    text = '[devices]\nkind = "alpaca"\ncamera = {}\nfocuser = { host = "10.0.0.2", port = 32323 }\n'
    assert read_profile(NO_OTHERS + text, "rig.toml").profile.devices.camera is not None


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no profile"):
        load_profile(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"name = '\xff\xfe'\n", bytes(range(128, 256))])
def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rig.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        load_profile(path)


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_profile(tmp_path)


ALPACA = """
[devices]
kind = "alpaca"
camera = { host = "127.0.0.1" }
focuser = { host = "127.0.0.1" }
"""


def test_a_guard_whose_device_has_no_address_is_a_problem_since_it_would_block_every_night() -> None:
    problems = problems_of(ALPACA)
    assert [problem.code for problem in problems] == ["no-source"] * 4
    assert "`guards.safe` comes from a device" in problems[-1].sentence
    assert 'guards.safe = "not_used"' in problems[-1].hint


def test_a_sensor_that_has_no_address_is_a_problem_where_it_is_used() -> None:
    problem = problem_of(f'{NO_OTHERS}triggers.temperature.source = "average"\n{ALPACA}')
    assert (problem.code, problem.line) == ("no-source", 5)


def test_the_mark_that_some_editors_put_first_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    path.write_bytes(b"\xef\xbb\xbfname = 'C11'\r\n")
    assert load_profile(path).profile.name == "C11"


# --- what a good one gives ---


def test_an_empty_file_is_all_defaults() -> None:
    assert read_profile("", "rig.toml").profile == Profile()


def test_without_a_path_it_is_that_of_the_embedded_observatory() -> None:
    loaded = load_profile(None)
    assert loaded.profile.name == "embedded"
    assert sum(job.frames for job in loaded.profile.plan.jobs) > 100


def test_each_value_that_is_no_default_tells_where_it_came_from() -> None:
    loaded = read_profile("name = 'C11'\n\n[autofocus]\n# nine\npoints = 9\n", "rig.toml")
    assert dict(loaded.origins) == {"name": "rig.toml:1", "autofocus.points": "rig.toml:5"}


def test_a_profile_cannot_be_changed_once_it_was_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Profile(), "name", "another")  # noqa: B010  # the type checker forbids the plain way


def test_the_critical_focus_zone_follows_from_the_optics() -> None:
    profile = read_profile("[optics]\nf_ratio = 5.0\nwavelength_um = 0.5\n[focuser]\num_per_step = 2.0\n", "x").profile
    assert profile.cfz_um == pytest.approx(61.0)
    assert profile.cfz_steps == pytest.approx(30.5)


def test_every_effective_value_can_be_told_and_read_again() -> None:
    told = flat(Profile())
    assert told["schema"] == 1
    assert told["autofocus.points"] == 9
    assert Profile.model_validate(Profile().model_dump(mode="json", by_alias=True)) == Profile()


def test_the_reference_page_tells_every_key() -> None:
    page = reference()
    for key in {dotted.rpartition(".")[2] for dotted in flat(Profile())}:
        assert f"| `{key}` |" in page


def test_every_job_with_an_unknown_filter_is_told_at_its_own_line() -> None:
    job = '[[plan.jobs]]\nframes = 3\nexposure_s = 60.0\nfilter = "{}"\n'
    text = "".join(job.format(name) for name in ("Q", "L", "Q"))
    assert [(problem.code, problem.line) for problem in problems_of(text)] == [
        ("unknown-filter", 4),
        ("unknown-filter", 12),
    ]


def test_keys_of_a_table_in_a_list_are_not_those_of_the_table_before_it() -> None:
    loaded = read_profile("[triggers.count]\nframes = 9\n\n[[plan.jobs]]\nframes = 3\nexposure_s = 60.0\n", "rig.toml")
    assert loaded.origins["triggers.count.frames"] == "rig.toml:2"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[plan]\njobs = [{ frames = 1, exposure_s = 1.0, filter = "Ha" }]\n', 2),
        ('[host]\nrehearsal = [{ at_min = 1.0, do = "filter_by_hand", filter = "Q" }]\n', 2),
        ("[filters]\nHa = { offset_steps = 3 }\n", 2),
    ],
)
def test_a_filter_that_the_embedded_wheel_does_not_have_is_told_before_the_night(text: str, line: int) -> None:
    problem = problem_of(text)
    assert (problem.code, problem.line) == ("unknown-filter", line)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[filters]\nR = { focus = "via" }\n', "needs filters.R.via"),
        ('[filters]\nR = { focus = "via", via = "R", offset_steps = 1 }\n', "needs filters.R.via"),
        ('[filters]\nR = { focus = "via", via = "L", offset_steps = 1 }\n', "needs offset_steps of both"),
        ('[filters]\nR = { focus = "offset" }\n', "needs filters.R.offset_steps"),
        ('[host]\nrehearsal = [{ at_min = 1.0, do = "filter_by_hand" }]\n', "needs `filter`"),
    ],
)
def test_what_a_setting_needs_beside_it_is_told_at_its_line(text: str, said: str) -> None:
    problem = problem_of(text)
    assert said in problem.sentence
    assert (problem.code, problem.line) == ("conflict", 2)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "rig"\n[devices]\nkind = "alpaca"\n', 3),
        ('devices.kind = "alpaca"\n', 1),
        ('[filters.R]\noffset_steps = 1\nfocus = "via"\nvia = "R"\n', 4),
        ('[filters.R]\noffset_steps = 1\nfocus = "via"\n', 3),
        ("[observatory.focuser]\nmax_steps = 1000\n", 2),
        ("[observatory.focuser]\nmax_steps = 1000\nstart_steps = 2000\n", 3),
        ("[observatory.sky]\nfaintest_electrons_per_s = 50_000.0\n", 2),
        ('[[host.rehearsal]]\nat_min = 1.0\ndo = "filter_by_hand"\n', 3),
    ],
)
def test_keys_that_do_not_go_together_are_told_at_one_of_them(text: str, line: int) -> None:
    problem = problem_of(text)
    assert (problem.code, problem.line) == ("conflict", line)


# --- what would be ignored, or is hardly wanted ---

BAD: dict[str, tuple[str, str, int, str, str]] = {
    "learned by FWHM": (
        "[autofocus]\nmetric = 'fwhm'\nsweep = 'learned'\n",
        "ignored-setting",
        3,
        "works by HFR only",
        'Write "full"',
    ),
    "learned by ASTAP": (
        "[autofocus]\nsweep = 'learned'\nmetric = 'hfd-astap'\n",
        "ignored-setting",
        2,
        "with metric hfd-astap every sweep",
        'metric "hfr"',
    ),
    "forward model of a parabola": (
        "[fit]\nmodel = 'parabola'\nrefine = 'forward'\n",
        "ignored-setting",
        3,
        "refines a hyperbola of HFR only",
        'model "joint"',
    ),
    "forward model by FWHM": (
        "[fit]\nrefine = 'forward'\n[autofocus]\nmetric = 'fwhm'\n",
        "ignored-setting",
        2,
        "refines a hyperbola of HFR only",
        'metric "hfr"',
    ),
    "joint by FWHM": (
        "autofocus = { metric = 'fwhm' }\nfit = { model = 'joint' }\n",
        "ignored-setting",
        2,
        "metric fwhm tells none",
        '"hyperbola"',
    ),
    "joint by ASTAP": (
        "[autofocus]\nmetric = 'hfd-astap'\n[fit]\nmodel = 'joint'\n",
        "ignored-setting",
        4,
        "metric hfd-astap tells none",
        '"hyperbola"',
    ),
    "joint by inverse power": (
        "[fit]\nmodel = 'joint'\n[autofocus]\nmetric = 'inverse-power'\n",
        "ignored-setting",
        2,
        "metric inverse-power tells none",
        '"parabola"',
    ),
    "darks": (
        "[autofocus]\ndark_folder = 'no/such/darks'\n",
        "no-folder",
        2,
        "there is no such folder: /",
        "without darks, leave it out",
    ),
    "no jobs": ("[plan]\njobs = []\n", "empty-plan", 2, "the plan has no frames", "[[plan.jobs]]"),
}


@pytest.mark.parametrize(("text", "code", "line", "said", "hint"), BAD.values(), ids=BAD)
def test_a_setting_that_would_do_nothing_is_told(text: str, code: str, line: int, said: str, hint: str) -> None:
    problem = problem_of(text)
    assert (problem.code, problem.line) == (code, line)
    assert said in problem.sentence
    assert hint in problem.hint


GOOD = {
    "learned by HFR": "autofocus.sweep = 'learned'\n",
    "joint by HFR": "[autofocus]\nmetric = 'hfr'\n[fit]\nmodel = 'joint'\n",
    "hyperbola by FWHM": "[autofocus]\nmetric = 'fwhm'\n[fit]\nmodel = 'hyperbola'\n",
    "inverse power": "autofocus.metric = 'inverse-power'\n",
    "twenty percent": "autofocus.metric = 'inverse-power'\nvalidation.tolerance_percent = 20\n",
    "five percent of the HFR": "validation.tolerance_percent = 5\n",
    "darks": "autofocus.dark_folder = '/'\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_setting_that_does_what_it_says_is_neither_refused_nor_doubted(text: str) -> None:
    loaded = read_profile(f"plan.jobs = [{{ frames = 1, exposure_s = 60.0 }}]\n{text}", "rig.toml")
    assert loaded.doubts == ()


def test_the_pattern_of_a_profile_with_the_inverse_power_is_told_both_of_its_limits_for_hfr() -> None:
    text = (Path(__file__).parents[2] / "config" / "embedded.toml").read_text("utf-8")
    found = problems_of(text.replace('metric = "hfr"', 'metric = "inverse-power"', 1))
    assert [problem.code for problem in found] == ["ignored-setting", "tight-limit"]
    for problem, key in zip(found, ("model = ", "tolerance_percent = "), strict=True):
        assert text.splitlines()[problem.line - 1].startswith(key)


def test_a_tolerance_that_is_hardly_wanted_is_doubted_and_not_refused() -> None:
    (doubt,) = read_profile(
        "plan.jobs = [{ frames = 1, exposure_s = 60.0 }]\nautofocus.metric = 'inverse-power'\n"
        "[validation]\ntolerance_percent = 10\n",
        "rig.toml",
    ).doubts
    assert (doubt.code, doubt.line) == ("tight-limit", 4)
    assert doubt.hint == "Leave it out, or write 20."


def test_a_profile_without_a_plan_serves_runs_by_hand_but_no_night(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text("schema = 1\nname = 'by hand'\n")
    (doubt,) = load_profile(path).doubts
    assert doubt.code == "empty-plan"
    with pytest.raises(ProfileError, match=r"the plan has no frames.*\[empty-plan\]") as raised:
        load_for_night(path)
    assert raised.value.exit_code == 2
    assert load_for_night(None).profile.plan.jobs


@pytest.mark.parametrize("frames", [0, -1])
def test_a_job_without_frames_is_refused(frames: int) -> None:
    problem = problem_of(f"[plan]\njobs = [{{ frames = {frames}, exposure_s = 60.0 }}]\n")
    assert (problem.code, problem.line) == ("bad-value", 2)
