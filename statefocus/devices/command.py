"""A camera that a command of the user's stands for: each frame is a FITS file that the command writes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from statefocus.devices.values import Exposure
from statefocus.errors import Protocol, Refused, Timeout, Unreachable
from statefocus.profile import Camera as CameraSettings

POLL_S = 0.1
_SAID = 200
_GONE_WITHIN_S = 5.0
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def find_program(command: tuple[str, ...]) -> str:
    """Find the program of `camera.command`.

    Raises
    ------
    Unreachable
        Where it is not there, or is no program.
    """
    found = shutil.which(os.path.expanduser(command[0]))
    if found is None:
        raise Unreachable(
            f"`camera.command` begins with {command[0]!r}, and no program of that name can be run here: "
            "install it, or give its path."
        )
    return found


class CommandCamera:
    """Takes frames by a command.

    Parameters
    ----------
    settings
        The command, and its time limit.
    filter_now
        Tells the filter in the light path; None where nobody knows.
    """

    name = "camera command"

    def __init__(self, settings: CameraSettings, filter_now: Callable[[], str | None]) -> None:
        self._settings, self._filter_now = settings, filter_now
        self._process: subprocess.Popen[bytes] | None = None

    def expose(
        self, exposure_s: float, *, gain: int | None = None, binning: int = 1, light: bool = True, fast: bool = False
    ) -> Generator[float, None, Exposure]:
        """Take a frame; how it is read out, and the shutter, are the command's own affair.

        Raises
        ------
        DeviceError
            Where the command is not there, fails, takes too long, or writes no frame.
        """
        del light, fast
        yield 0.0
        with tempfile.TemporaryDirectory(prefix="statefocus-frame-", ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "frame.fits"
            filled = {
                "file": str(file),
                "exposure_s": f"{exposure_s:g}",
                "binning": str(binning),
                "gain": "" if gain is None else str(gain),
                "filter": self._filter(),
            }
            yield from self._run(filled, exposure_s, Path(folder) / "said")
            return Exposure(_pixels(file), exposure_s, binning)

    def _filter(self) -> str:
        if not any("{filter}" in argument for argument in self._settings.command):
            return ""
        return self._filter_now() or ""

    def _run(self, filled: dict[str, str], exposure_s: float, said: Path) -> Generator[float, None, None]:
        """Run the command, and wait for its end; whatever happens, it has ended afterwards."""
        program, *arguments = self._settings.command
        command = [find_program((program,)), *(_filled(argument, filled) for argument in arguments)]
        limit_s = exposure_s + self._settings.timeout_s
        deadline = time.monotonic() + limit_s
        with said.open("wb") as output:
            process = self._process = _start(command, output.fileno())
        try:
            while not _ended(process):
                if time.monotonic() >= deadline:
                    raise Timeout(
                        f"`camera.command` had not ended after {limit_s:g} s (the exposure and `camera.timeout_s`), "
                        "and was stopped."
                    )
                yield 0.0  # the wait itself is in real time: so is the command's
        finally:
            self.abort()
            self._process = None
        if process.returncode:
            words = " ".join(said.read_bytes()[-_SAID:].decode(errors="replace").split()) or "nothing"
            raise Refused(f"`camera.command` ended with exit status {process.returncode}; it said: {words}")

    def abort(self) -> None:
        """Stop the command, and all that it started."""
        process = self._process
        if process is not None and process.poll() is None:
            _end(process)

    def close(self) -> None:
        """Stop what is under way."""
        self.abort()


def _filled(argument: str, filled: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: filled[found[1]], argument)


def _start(command: list[str], output: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # the profile's own program, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise Unreachable(f"`camera.command` could not be started: {error.strerror or error}.") from None


def _ended(process: subprocess.Popen[bytes]) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(POLL_S)
    return process.returncode is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with all that it started."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GONE_WITHIN_S)


def _pixels(file: Path) -> NDArray[Any]:
    from statefocus.frames import FrameError, read_frame

    if not file.exists():
        raise Protocol("`camera.command` ended well, and wrote no file: it has to write to {file}.")
    try:
        return read_frame(file).pixels.T
    except FrameError as error:
        told = str(error).replace(str(file), "its file")
        raise Protocol(f"`camera.command` wrote no frame that can be read: {told}") from None
