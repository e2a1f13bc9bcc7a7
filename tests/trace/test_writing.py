"""Writing traces: a full disk does not end the night, and no line is lost that could be kept."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from statefocus.errors import StatefocusError
from statefocus.trace import writing
from statefocus.trace.reading import TraceReader
from statefocus.trace.writing import TraceWriter


class Disk:
    """A file on a disk that may be full, or take only a few bytes at a time."""

    def __init__(self, writer: TraceWriter) -> None:
        self._file = writer._file
        self.closed = False
        self.full = False
        self.room: int | None = None

    def write(self, data: bytes) -> int:
        if self.full or self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = len(data) if self.room is None else min(self.room, len(data))
        if self.room is not None:
            self.room -= taken
        self._file.write(data[:taken])
        return taken

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self.closed = True
        self._file.close()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[TraceWriter]:
    writer = TraceWriter(tmp_path / "nights" / "night.jsonl")
    file = writer._file
    yield writer
    file.close()


@pytest.fixture
def disk(writer: TraceWriter, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(writer)
    monkeypatch.setattr(writer, "_file", disk)
    return disk


def write(writer: TraceWriter, number: int) -> None:
    for _ in range(number):
        writer.write("event", 1.0, {"event": "flip_started"})


def read(writer: TraceWriter) -> tuple[list[int], list[str]]:
    reader = TraceReader(writer.path)
    return [line.seq for line in reader], [damage.what for damage in reader.damage]


def test_lines_are_on_the_disk_as_soon_as_they_are_written(writer: TraceWriter) -> None:
    write(writer, 2)
    assert read(writer) == ([0, 1], [])
    assert writer.close() is None


def test_an_existing_file_is_refused_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    path.write_text("a night worth keeping")
    with pytest.raises(StatefocusError, match="exists already"):
        TraceWriter(path)
    assert path.read_text() == "a night worth keeping"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StatefocusError, match="cannot be written") as raised:
        TraceWriter(tmp_path / "file" / "night.jsonl")
    assert raised.value.exit_code == 2


def test_no_line_is_lost_when_the_disk_has_room_again(writer: TraceWriter, disk: Disk) -> None:
    write(writer, 3)
    disk.full = True
    write(writer, 5)
    assert writer.troubled
    disk.full = False
    write(writer, 1)
    assert (writer.troubled, writer.close()) == (False, None)
    assert read(writer) == (list(range(9)), [])


@pytest.mark.parametrize("room", [1, 7, 60, 100])
def test_a_line_that_fits_only_in_part_is_finished_later(writer: TraceWriter, disk: Disk, room: int) -> None:
    disk.room = room
    write(writer, 4)
    assert writer.troubled
    disk.room = None
    write(writer, 1)
    assert writer.close() is None
    assert read(writer) == (list(range(5)), [])


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_every_line(
    writer: TraceWriter, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = disk.write
    monkeypatch.setattr(disk, "write", lambda data: whole(data[:11]))
    write(writer, 4)
    assert read(writer) == (list(range(4)), [])


def test_closing_writes_what_waited(writer: TraceWriter, disk: Disk) -> None:
    disk.full = True
    write(writer, 3)
    disk.full = False
    assert writer.close() is None
    assert read(writer) == ([0, 1, 2], [])


def test_what_is_lost_at_the_end_is_counted_and_told(writer: TraceWriter, disk: Disk) -> None:
    write(writer, 1)
    disk.full = True
    write(writer, 3)
    told = writer.close()
    assert told is not None
    assert told.startswith("3 lines of the trace")


def test_waiting_lines_are_bounded_and_the_dropped_ones_counted(
    writer: TraceWriter, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "WAITING_LINES", 3)
    write(writer, 1)
    disk.full = True
    write(writer, 5)
    disk.full = False
    write(writer, 1)
    assert writer.dropped == 2
    sequence, damage = read(writer)
    assert (len(sequence), sequence[0], sequence[-1], damage) == (5, 0, 6, ["missing"])


def test_a_line_that_was_written_in_part_is_not_the_one_that_is_dropped(
    writer: TraceWriter, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else half a line would stand before the next one, and no reader could go beyond it."""
    monkeypatch.setattr(writing, "WAITING_LINES", 3)
    disk.room = 20
    write(writer, 6)
    disk.room = None
    write(writer, 1)
    sequence, damage = read(writer)
    assert (sequence[0], sequence[-1], damage) == (0, 6, ["missing"])


def test_a_number_that_json_cannot_hold_is_refused(writer: TraceWriter) -> None:
    with pytest.raises(ValueError, match="JSON"):
        writer.write("event", 1.0, {"event": "sun_read", "altitude_deg": float("nan")})


def test_a_sentence_that_utf_8_cannot_hold_does_not_end_the_night(writer: TraceWriter) -> None:
    """Half a surrogate: a device may well put one into its error message, as JSON allows."""
    writer.write("event", 1.0, {"event": "effect_failed", "sentence": "the driver says \ud800"})
    write(writer, 1)
    assert read(writer) == ([0, 1], [])


def test_closing_twice_is_no_error(writer: TraceWriter) -> None:
    assert writer.close() is None
    assert writer.close() is None


def test_the_run_stands_in_the_envelope(writer: TraceWriter) -> None:
    writer.write("event", 1.0, {"event": "flip_started"}, run=4)
    (line,) = TraceReader(writer.path)
    assert (line.run, line.body) == (4, {"event": "flip_started"})
