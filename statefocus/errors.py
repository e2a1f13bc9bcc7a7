"""Errors say whose fault it is: the profile's, the machine file's, the trace's, or a device's.

Each message is one sentence for a person at 3 a.m.: what is wrong, where, and what to do. No stars in a frame is a
value, not an error; a rejected fit is a verdict, not an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file that a person wrote.

    Attributes
    ----------
    code
        Stable, kebab-case name of the check, for tests and for searching the docs.
    file, line
        Where; line 0 stands for the file as a whole.
    sentence
        What is wrong, with what is allowed.
    hint
        What to do, or an empty string.
    """

    code: str
    file: str
    line: int
    sentence: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}: {self.sentence}{hint} [{self.code}]"


class StatefocusError(Exception):
    """Any error that statefocus can explain; the command line prints its sentence without a traceback."""

    exit_code = 1


class UsageError(StatefocusError):
    """What was typed cannot be done."""

    exit_code = 2


class ProblemsError(StatefocusError):
    """A file that a person wrote has problems; all of them at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ProfileError(ProblemsError):
    """The profile's fault."""


class DefinitionError(ProblemsError):
    """A machine file's fault."""


def why_unread(error: Exception) -> str:
    """Tell why a file cannot be read, for a person who gave its name."""
    if isinstance(error, UnicodeError):
        return "it is no text (UTF-8), but a binary file or a damaged one"
    if isinstance(error, IsADirectoryError):
        return "it is a folder, and a file is wanted"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "you have no permission to read it"
    said = error.strerror if isinstance(error, OSError) else None
    return (said or str(error)).rstrip(".")


class TraceError(StatefocusError):
    """The trace cannot be read, or is not what was written.

    What is no trace from its first line on is wrong use (exit code 2); where a later line is none, the trace is
    damaged, and what was asked about it fails (1).

    Parameters
    ----------
    sentence
        What is wrong and what to do.
    line
        Line number in the trace, from 1; 0 for the file as a whole.
    """

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {sentence}" if line else sentence)
        self.line = line
        self.exit_code = 2 if line <= 1 else 1


class DeviceError(StatefocusError):
    """A device's fault, or that of the wire to it."""

    exit_code = 3
    reason = "device"


class Unreachable(DeviceError):
    """Nothing answers at the address."""

    reason = "unreachable"


class Timeout(DeviceError):
    """It answers, but what was asked did not happen in time."""

    reason = "timeout"


class Protocol(DeviceError):
    """It answers something that its protocol does not allow."""

    reason = "protocol"


class Refused(DeviceError):
    """The device said no.

    Parameters
    ----------
    sentence
        What was asked, and the device's own words.
    code
        ASCOM error number, 0x400 to 0xFFF; 0 where the protocol has none.
    """

    reason = "refused"

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code
