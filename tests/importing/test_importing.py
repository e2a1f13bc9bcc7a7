"""Other programs' logs become traces that replay, audit clean, and say what they could not tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from statefocus import events
from statefocus.errors import UsageError
from statefocus.events import Event
from statefocus.importing import PROGRAMS, import_log
from statefocus.importing.reading import NO_POSITION
from statefocus.trace.auditing import audit
from statefocus.trace.encoding import decode_event
from statefocus.trace.focus_log import LogEntry, focus_log
from statefocus.trace.reading import TraceReader, read_header
from statefocus.trace.replaying import replay
from tests.focus.realdata import data_path

from .logs import ASIAIR, EKOS, NINA

TEXTS = {"asiair": ASIAIR, "nina": NINA, "ekos": EKOS}


def imported(tmp_path: Path, program: str, text: str | bytes | None = None, zone: str | None = None) -> Path:
    log, trace = tmp_path / "night.txt", tmp_path / "night.jsonl"
    told = TEXTS[program] if text is None else text
    log.write_bytes(told if isinstance(told, bytes) else told.encode())
    import_log(program, log, trace, time_zone=zone)
    return trace


def told(trace: Path, kind: type[Event]) -> list[Any]:
    found = [decode_event(line.body, line.number) for line in TraceReader(trace) if line.kind == "event"]
    return [event for event in found if isinstance(event, kind)]


def entries(trace: Path) -> list[LogEntry]:
    return focus_log(trace).entries


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_imported_night_replays_audits_clean_and_says_where_it_comes_from(tmp_path: Path, program: str) -> None:
    trace = imported(tmp_path, program)
    assert replay(trace).same
    assert audit(trace).findings == []
    header = read_header(trace).body["imported"]
    assert header["program"] == PROGRAMS[program].TITLE
    assert header["file"] == "night.txt"
    assert header["cannot_tell"]
    assert header["lines"] == len(TEXTS[program].splitlines())


def starting_position(trace: Path) -> int | None:
    (started,) = told(trace, events.SessionStarted)
    cannot_tell = read_header(trace).body["imported"]["cannot_tell"]
    assert (NO_POSITION in cannot_tell) is (started.position is None)
    position: int | None = started.position
    return position


ASIAIR_LOOK = "2024/10/05 20:00:15 Find Focus Star: detect and calculate star size 5.0 ,  EAF position 5030\n"
NINA_MOVE = "2025-02-01T22:00:06.0000|INFO|FocuserVM.cs|MoveFocuserInternal|216|Moving Focuser to position 7060\n"
NINA_START = "2025-02-01T22:00:05.5|INFO|AutoFocusEngine.cs|Run|928|Starting AutoFocus with initial position 7000\n"
NINA_ITEM = (
    "2025-02-01T22:00:00.15|INFO|SequenceItem.cs|Run|208|Starting Category: Focuser, Item: MoveFocuserByTemperature\n"
)


def before(text: str, at: str, line: str) -> str:
    """The text with a line before the first that begins so."""
    assert at in text
    return text.replace(at, line + at, 1)


@pytest.mark.parametrize(
    ("program", "text", "position"),
    [
        pytest.param("asiair", ASIAIR, None, id="asiair: a point of the first sweep"),
        pytest.param("asiair", before(ASIAIR, "2024/10/05 20:00:20", ASIAIR_LOOK), 5030, id="asiair: the first look"),
        pytest.param(
            "asiair",
            before(ASIAIR, "2024/10/05 20:00:10 [Auto", ASIAIR_LOOK),
            None,
            id="asiair: a look of a run whose beginning is cut off",
        ),
        pytest.param(
            "asiair",
            before(ASIAIR, "2024/10/05 20:10:30", ASIAIR_LOOK.replace("20:00:15", "20:10:20")),
            None,
            id="asiair: a look after a run",
        ),
        pytest.param("nina", NINA, None, id="nina: where the first sweep sent it"),
        pytest.param("nina", before(NINA, NINA_MOVE, NINA_START), 7000, id="nina: read before the first move"),
        pytest.param("nina", before(NINA, NINA_MOVE, NINA_MOVE + NINA_START), None, id="nina: read after a move"),
        pytest.param(
            "nina",
            before(before(NINA, NINA_MOVE, NINA_START), "2025-02-01T22:00:00.2", NINA_ITEM),
            None,
            id="nina: read after a move to nobody knows where",
        ),
        pytest.param("ekos", EKOS, None, id="ekos: the result of a run"),
    ],
)
def test_where_the_focuser_stood_at_first_is_told_only_where_it_was_read_before_any_move(
    tmp_path: Path, program: str, text: str, position: int | None
) -> None:
    trace = imported(tmp_path, program, text)
    assert starting_position(trace) == position
    assert replay(trace).same
    assert audit(trace).findings == []


@pytest.mark.parametrize("ended", ["AutofocusComplete", "AutofocusAborted"])
def test_a_run_whose_beginning_the_log_lacks_has_no_length(tmp_path: Path, ended: str) -> None:
    lines = [line for line in EKOS.splitlines() if not line.startswith("AutofocusStarting")]
    trace = imported(tmp_path, "ekos", "\n".join(lines))
    run = next(event for event in told(trace, events.HostRefocused) if event.failed is (ended == "AutofocusAborted"))
    entry = next(entry for entry in entries(trace) if entry.position == run.position)
    assert entry.seconds is None
    assert entry.reason.endswith("The log lacks the beginning of this run.")
    assert ("Ekos gave the run up" in entry.reason) is run.failed


def test_a_run_whose_end_the_log_lacks_has_no_length(tmp_path: Path) -> None:
    first, last = entries(imported(tmp_path, "nina", NINA[: NINA.index("2025-02-01T22:05:01")]))
    assert (first.outcome, first.seconds) == ("host", 26.0)
    assert (last.outcome, last.seconds) == ("host, untold", None)
    assert last.reason == "The log does not tell how this run ended."


# --- ASIAIR ---


def test_asiair_runs_keep_position_measure_temperature_and_curve(tmp_path: Path) -> None:
    trace = imported(tmp_path, "asiair")
    good, bad = told(trace, events.HostRefocused)
    assert (good.position, good.measure, good.seconds, good.trigger) == (5031, 3.9, 41.0, "Run AF before Autorun start")
    assert good.temperature_c == pytest.approx(10.0)
    assert good.points == ((5060.0, 6.0), (5030.0, 4.0), (5000.0, 5.9))
    assert bad.position is None
    assert bad.sentence == "Find Focus Star: not found Focus Star, try to increase EXP time or Gain"
    assert [entry.outcome for entry in entries(trace)] == ["host", "host failed"]


def test_asiair_frames_are_saved_when_their_exposure_had_time_to_end(tmp_path: Path) -> None:
    trace = imported(tmp_path, "asiair")
    assert [saved.number for saved in told(trace, events.FrameSaved)] == [1, 3, 4]
    assert [failed.number for failed in told(trace, events.ExposureFailed)] == [2]
    assert told(trace, events.FrameSaved)[0].position == 5031
    assert told(trace, events.ExposureStarted)[-1].exposure_s == 0.5


def test_an_asiair_plan_is_paused_resumed_and_finished(tmp_path: Path) -> None:
    trace = imported(tmp_path, "asiair")
    assert [start.resumed for start in told(trace, events.PlanStarted)] == [False, True]
    assert len(told(trace, events.PlanPaused)) == 1
    assert len(told(trace, events.PlanFinished)) == 1


def test_an_asiair_flip_and_the_time_to_it(tmp_path: Path) -> None:
    trace = imported(tmp_path, "asiair")
    assert [read.flip_in_s for read in told(trace, events.MountRead)] == [None, 120.0]
    assert len(told(trace, events.FlipStarted)) == len(told(trace, events.FlipFinished)) == 1


def test_an_unknown_line_is_counted_and_shown(tmp_path: Path) -> None:
    log = tmp_path / "night.txt"
    log.write_text(ASIAIR, "utf-8")
    made = import_log("asiair", log, tmp_path / "night.jsonl")
    assert made.unknown == 1
    assert made.unknown_lines == ["2024/10/05 20:15:05 A line that no survey knows"]


def test_local_times_are_taken_in_the_zone_that_is_named(tmp_path: Path) -> None:
    trace = imported(tmp_path, "asiair", zone="Europe/Vienna")
    assert read_header(trace).t == datetime(2024, 10, 5, 18, 0, tzinfo=UTC).timestamp()
    assert read_header(trace).body["time_zone"] == "Europe/Vienna"


def test_the_hour_that_clocks_show_twice_goes_forward(tmp_path: Path) -> None:
    text = "".join(
        f"2024/10/27 {at} Exposure 60.0s image {number}#\n"
        for number, at in enumerate(("02:30:00", "02:50:00", "02:10:00", "02:30:00"), 1)
    )
    trace = imported(tmp_path, "asiair", text, zone="Europe/Vienna")
    times = [line.t for line in TraceReader(trace) if line.body.get("event") == "exposure_started"]
    assert [t - times[0] for t in times] == [0.0, 1200.0, 2400.0, 3600.0]


# --- N.I.N.A. ---


def test_nina_runs_of_its_own_and_their_failure(tmp_path: Path) -> None:
    good, bad = told(imported(tmp_path, "nina"), events.HostRefocused)
    assert (good.position, good.measure, good.filter, good.temperature_c) == (7028, 2.25, "L", -3.25)
    assert good.trigger == "AutofocusAfterTimeTrigger Amount: 30m"
    assert good.points == ((7060.0, 4.5), (7030.0, 2.25))
    assert bad.position is None
    assert bad.sentence.startswith("Auto Focus Failed!")


def test_a_nina_frame_has_its_own_sharpness(tmp_path: Path) -> None:
    trace = imported(tmp_path, "nina")
    (saved,) = told(trace, events.FrameSaved)
    assert (saved.hfr_px, saved.stars, saved.filter, saved.next_frame_type) == (2.31, 512, "L", "Flat")
    assert [start.frame_type for start in told(trace, events.FramePreparing)] == ["Light", "Flat"]
    assert told(trace, events.ExposureFailed)[0].sentence == "The log ends in this exposure."
    assert len(told(trace, events.FlipFinished)) == 1


# --- Ekos ---


def test_ekos_lines_are_put_into_the_order_of_their_times(tmp_path: Path) -> None:
    trace = imported(tmp_path, "ekos")
    assert read_header(trace).body["time_zone"] == "Etc/GMT-2"
    good, bad = told(trace, events.HostRefocused)
    assert (good.position, good.measure, good.seconds, good.trigger) == (30001, 1.9, 75.5, "temperature limit 1.0")
    assert len(good.points) == 4
    assert bad.position is None
    assert bad.points == ((30100.0, 4.0),)
    saved, flat = told(trace, events.FrameSaved)
    assert (saved.hfr_px, saved.stars, saved.file) == (1.95, 321, "M_31_001.fits")
    assert (flat.hfr_px, flat.stars, flat.frame_type) == (None, 0, "Flat")
    assert told(trace, events.MountRead)[1].east is True
    assert -1_000_000 not in [read.focuser_c for read in told(trace, events.TemperatureRead)]


def test_a_zone_that_stands_for_several_must_be_named(tmp_path: Path) -> None:
    text = EKOS.replace("CEST", "IST")
    with pytest.raises(UsageError, match="name it with --time-zone"):
        imported(tmp_path, "ekos", text)
    assert read_header(imported(tmp_path, "ekos", text, zone="Asia/Kolkata")).body["time_zone"] == "Asia/Kolkata"


# --- rubbish ---

RUBBISH: dict[str, bytes] = {
    "empty": b"",
    "blank": b"\n\n\n",
    "binary": b"\x89PNG\r\n\x00\x01\x02" * 50,
    "one long line": b"x" * 2_000_000,
    "JSON lines": b'{"a": 1}\n' * 10,
    "many lines": b"At 3 a.m. it rained.\n" * 20_000,
    "no UTF-8": b"\xff\xfe\xfd\n" * 10,
    "a date and nothing": b"2024/10/05 20:00:00 hello\n",
    "a date that is none": b"2024/13/45 29:00:00 Exposure 60.0s image 1#\n",
    "Ekos without a start": b"Temperature,15.3,18.2\n",
    "N.I.N.A. cut": b"2025-02-01T22:00:00.1000|INFO|Seq",
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_one_sentence_and_leaves_no_trace(tmp_path: Path, program: str, rubbish: bytes) -> None:
    with pytest.raises(UsageError) as raised:
        imported(tmp_path, program, rubbish)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "night.jsonl").exists()


@pytest.mark.parametrize("name", [".", os.devnull, "/nowhere/night.txt"])
def test_what_is_no_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        import_log("asiair", tmp_path if name == "." else Path(name), tmp_path / "night.jsonl")


def test_a_log_of_another_program_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="use `import nina`"):
        imported(tmp_path, "asiair", NINA)


DAMAGED: dict[str, Callable[[str], bytes]] = {
    "torn": lambda text: text.encode()[: len(text) * 2 // 3],
    "a long line inside": lambda text: text.encode() + b"y" * 2_000_000 + b"\n" + text.splitlines()[-1].encode(),
    "zeros at the end": lambda text: text.encode() + b"\0" * 4096,
    "other bytes inside": lambda text: text.encode().replace(b"e", b"\xe9", 3),
    "lines upside down": lambda text: "\n".join([*text.splitlines()[:3], *text.splitlines()[:2:-1]]).encode(),
    "every line twice": lambda text: "\n".join(line for line in text.splitlines() for _ in "ab").encode(),
    "Windows' ends": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_log_still_makes_a_clean_trace(tmp_path: Path, program: str, damage: Callable[[str], bytes]) -> None:
    trace = imported(tmp_path, program, damage(TEXTS[program]))
    assert replay(trace).same
    assert audit(trace).findings == []


def test_an_existing_trace_is_never_overwritten(tmp_path: Path) -> None:
    trace = imported(tmp_path, "asiair")
    before = trace.read_bytes()
    with pytest.raises(Exception, match="it exists already"):
        imported(tmp_path, "nina")
    assert trace.read_bytes() == before


# --- real nights ---


def test_the_real_asiair_night(tmp_path: Path) -> None:
    trace = tmp_path / "night.jsonl"
    made = import_log("asiair", data_path("session_logs", "Autorun_Log_2022-03-18_211302.txt"), trace)
    assert made.unknown == 0
    assert replay(trace).same
    assert audit(trace).clean
    assert starting_position(trace) == 9713  # its first look for a focus star
    assert [(entry.position, entry.temperature_c) for entry in entries(trace)] == [
        (9762, 18.4),
        (9757, 18.1),
        (9763, 17.8),
        (9763, 17.3),
    ]
    saved = told(trace, events.FrameSaved)
    assert sum(frame.frame_type == "Light" for frame in saved) == 22 + 79
    assert sum(frame.frame_type == "Flat" for frame in saved) == 60


@pytest.mark.parametrize(
    ("name", "position", "seconds"),
    [
        ("nightsummary-excerpt-2026-03-30.log", None, 139.351),
        ("nina-issue-153-af-frozen.log", 44376, None),
        ("nova-partial-af-2026-03-06.log", None, None),
    ],
)
def test_real_nina_excerpts(tmp_path: Path, name: str, position: int | None, seconds: float | None) -> None:
    trace = tmp_path / "night.jsonl"
    import_log("nina", data_path("session_logs", name), trace)
    assert replay(trace).same
    assert audit(trace).clean
    assert starting_position(trace) == position
    assert [entry.seconds for entry in entries(trace)] == [seconds]


def test_the_real_ekos_excerpt(tmp_path: Path) -> None:
    trace = tmp_path / "night.jsonl"
    import_log("ekos", data_path("session_logs", "wayfinding-cut-2026-09-23.analyze"), trace)
    assert replay(trace).same
    assert audit(trace).clean
    assert starting_position(trace) is None
    assert [entry.seconds for entry in entries(trace)] == [pytest.approx(69.252), None]
    aborted, complete = told(trace, events.HostRefocused)
    assert aborted.position is None
    assert aborted.points == ((30031.0, 3.985), (30011.0, 3.299))  # the point of -1 px is none
    assert (complete.position, complete.measure) == (29905, 1.044)
