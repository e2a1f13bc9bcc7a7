"""HFD by ASTAP, the real program (M2): the frame is handed over as a file, the stars' list is read back.

`astap_cli -f FILE -extract SNR` prints HFD_MEDIAN, to a tenth of a pixel, and STARS, and writes a CSV file with one
line a star beside the frame: ``x,y,hfd,snr,flux``. A frame without stars is answered with HFD_MEDIAN=99.0 and STARS=0.
The exit code tells only of files that cannot be read. ASTAP's HFD is the mean diameter of a star's light weighted by
its brightness, a little more than twice the half-flux radius (5 % for a star with wings, the same for a disk).
"""

from __future__ import annotations

import csv
import math
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from statefocus.metrics.errors import MetricError, MetricMissing
from statefocus.metrics.protocol import Better, FrameContext, Measured
from statefocus.scales import SCALES

if TYPE_CHECKING:
    import numpy.typing as npt

PROGRAMS = ("astap_cli", "astap")
"""Looked for on PATH, in this order; the second has windows, and measures without opening one."""

LEAST_SNR = 10
"""Faintest star that ASTAP measures; its own default."""

ROUNDED_PX = 0.1 / math.sqrt(12)
"""Standard error of a number that is told to a tenth."""

SIZE_OF_HFD = 1.82
"""Diameter that holds 90 % of a Gaussian star's light, in half-flux diameters; for the smallest star (M5)."""


class AstapHfd:
    """Median half-flux diameter of the stars, px, as ASTAP measures it."""

    better: Better = "smaller"

    @property
    def name(self) -> str:
        """Name for people."""
        return SCALES["hfd-astap"].title

    @property
    def unit(self) -> str:
        """Unit for people."""
        return SCALES["hfd-astap"].unit

    def check(self, context: FrameContext) -> None:
        """See to it that ASTAP is there.

        Raises
        ------
        MetricMissing
            Where it is not.
        """
        find_astap(context.programs.get("astap"))

    def measure(self, pixels: npt.NDArray[Any], context: FrameContext) -> Measured:
        """Hand a frame over to ASTAP.

        Raises
        ------
        MetricMissing
            Where ASTAP is not there.
        MetricError
            Where it does not answer in time, or answers what is no measurement.
        """
        from statefocus.frames import FrameError, write_frame

        program = find_astap(context.programs.get("astap"))
        with tempfile.TemporaryDirectory(prefix="statefocus-astap-") as folder:
            file = Path(folder) / "frame.fits"
            try:
                write_frame(file, _plain(pixels), {})
            except FrameError as error:
                raise MetricError(f"The frame could not be handed over to ASTAP: {error}") from error
            said = _run([program, "-f", str(file), "-extract", str(LEAST_SNR)], file.parent, context.timeout_s)
            median, count = _told(said)
            stars = _stars(file.with_suffix(".csv"), context.least_star_px or 0.0)
        if stars is None:
            return Measured(median, ROUNDED_PX, count) if count else Measured(None)
        return _median(stars)


def find_astap(path: str | None) -> str:
    """Find ASTAP's program: where the profile says, else on PATH.

    Raises
    ------
    MetricMissing
        Where there is none.
    """
    if path is not None:
        found = shutil.which(os.path.expanduser(path))
        if found is None:
            raise MetricMissing(f"`tools.astap` is {path!r}, and no program that can be run is there.")
        return found
    for name in PROGRAMS:
        found = shutil.which(name)
        if found is not None:
            return found
    raise MetricMissing(
        "The metric hfd-astap needs the program ASTAP, and there is no astap_cli or astap on PATH: install it (Debian: "
        'apt install astap-cli; others: www.hnsky.org/astap.htm), or give its path as [tools] astap = "..." in the '
        "profile, or choose another metric."
    )


def _plain(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give the frame in a type that ASTAP reads: 16-bit where it fits, else 32-bit numbers, sky for what is none."""
    if pixels.dtype.kind in "ui":
        fits = pixels.size > 0 and pixels.min() >= 0 and pixels.max() <= np.iinfo(np.uint16).max
        return pixels.astype(np.uint16 if fits else np.float32)
    finite = np.isfinite(pixels)
    return np.where(finite, pixels, np.median(pixels[finite]) if finite.any() else 0.0).astype(np.float32)


def _run(command: list[str], folder: Path, timeout_s: float) -> str:
    """Run a program with a time limit, and end it, with all that it started, when that is over."""
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(  # noqa: S603  # the profile's own program, without a shell
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise MetricError(f"{name} could not be started: {error.strerror or error}.") from error
    with process:
        try:
            return process.communicate(timeout=timeout_s)[0]
        except subprocess.TimeoutExpired:
            raise MetricError(
                f"{name} did not measure the frame within {timeout_s:g} s, the limit `tools.timeout_s`, and was ended."
            ) from None
        finally:
            if process.poll() is None:
                _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _told(said: str) -> tuple[float, int]:
    """Read HFD_MEDIAN and STARS among the lines that ASTAP printed."""
    told = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    try:
        return float(told["HFD_MEDIAN"]), int(told["STARS"])
    except (KeyError, ValueError):
        words = " ".join(said.split())[:200] or "nothing"
        raise MetricError(f"ASTAP did not measure the frame; it said: {words}") from None


def _stars(path: Path, least_px: float) -> npt.NDArray[np.float64] | None:
    """Read ASTAP's list of stars, shape (n, 2): HFD in px, and signal to noise; None where it wrote none."""
    if not path.is_file():
        return None
    try:
        with path.open(newline="", encoding="ascii", errors="replace") as lines:
            rows = [(float(row["hfd"]), float(row["snr"])) for row in csv.DictReader(lines)]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise MetricError(f"ASTAP's list of stars cannot be read ({error}).") from error
    return np.array([row for row in rows if row[0] > 0 and SIZE_OF_HFD * row[0] >= least_px]).reshape(-1, 2)


def _median(stars: npt.NDArray[np.float64]) -> Measured:
    from statefocus.frames.typical import typical

    if len(stars) == 0:
        return Measured(None)
    value, error = typical(stars[:, 0], stars[:, 0] / np.maximum(stars[:, 1], 1.0))
    return Measured(value, error, len(stars))
