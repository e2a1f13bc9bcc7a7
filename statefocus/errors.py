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


class TraceError(StatefocusError):
    """The trace cannot be read, or is not what was written.

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
    """It answers something that the Alpaca standard does not allow."""

    reason = "protocol"


class Refused(DeviceError):
    """The device said no.

    Parameters
    ----------
    sentence
        What was asked, and the device's own words.
    code
        ASCOM error number, 0x400 to 0xFFF.
    """

    reason = "refused"

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code
