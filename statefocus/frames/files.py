"""Frames on disk: FITS in, FITS out."""

from __future__ import annotations

import contextlib
import math
import os
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.errors import why_unread
from statefocus.frames.errors import FrameError, why_unwritten
from statefocus.frames.plausible import check_size
from statefocus.whole_file import whole_file

POSITION_KEYS = ("FOCUSPOS", "FOCUSER")
TEMPERATURE_KEYS = ("FOCTEMP", "FOCUSTEM", "AMBTEMP", "AMB-TEMP")
EXPOSURE_KEYS = ("EXPTIME", "EXPOSURE")
FULL_SCALE = 65_535  # ADU that 1 stands for, where a program has brought a frame to values from 0 to 1
BESIDE, ODD_SHARE = 0.1, 0.001  # how far some of them may lie outside, and how many, as a share
SCALED = f"Pixels with values from 0 to 1 were multiplied by {FULL_SCALE}."


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was read from a file.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        ADU, in the machine's own byte order: unsigned 16-bit, integer, or 32-bit float.
    position : float or None
        Focuser position, in steps (FOCUSPOS or FOCUSER).
    temperature_c : float or None
        At the focuser, or of the air.
    filter_name, image_type : str or None
        FILTER and IMAGETYP.
    exposure_s : float or None
    binning : int
        XBINNING; 1 where it is not told.
    header : mapping
        All keywords with their values.
    scaled : bool
        Whether the file holds values from 0 to 1, which were brought back to ADU.
    """

    pixels: npt.NDArray[Any]
    position: float | None
    temperature_c: float | None
    filter_name: str | None
    image_type: str | None
    exposure_s: float | None
    binning: int
    header: Mapping[str, Any]
    scaled: bool = False


def read_frame(path: str | os.PathLike[str], *, as_written: bool = False) -> Frame:
    """Read the first image of a FITS file.

    Parameters
    ----------
    path : path-like
        Plain, gzipped or fpacked FITS.
    as_written : bool
        Leave values from 0 to 1 alone. Otherwise pixels of floating point that all lie there, as Siril and PixInsight
        write them, are multiplied by 65 535; not where they are only 0 and 1.

    Returns
    -------
    Frame

    Raises
    ------
    FrameError
        When the file is missing, damaged, no FITS file, or holds no single-plane image.
    """
    path = Path(path)
    with _opened(path) as units:
        unit = next((unit for unit in units if _has_image(unit)), None)
        if unit is None:
            raise FrameError(f"{path} holds no image.")
        check_size(unit, path)
        pixels, header = _single_plane(unit.data, path), dict(units[0].header) | dict(unit.header)
    native = _native(pixels, path)
    scaled = not as_written and _is_normalised(native)
    return Frame(
        pixels=native * np.float32(FULL_SCALE) if scaled else native,
        position=_number(header, POSITION_KEYS),
        temperature_c=_number(header, TEMPERATURE_KEYS),
        filter_name=_text(header, "FILTER"),
        image_type=_text(header, "IMAGETYP"),
        exposure_s=_number(header, EXPOSURE_KEYS),
        binning=max(1, int(_number(header, ("XBINNING",)) or 1)),
        header=MappingProxyType(header),
        scaled=scaled,
    )


def read_position(path: str | os.PathLike[str]) -> float | None:
    """Return the focuser position, in steps, that a FITS file's headers tell; None when they do not."""
    with _opened(Path(path)) as units:
        found = (_number(dict(unit.header), POSITION_KEYS) for unit in units)
        return next((position for position in found if position is not None), None)


@dataclass(frozen=True, slots=True)
class FrameSize:
    """What a file's header tells of its image: shape (height, width), and XBINNING, None where it is not told."""

    shape: tuple[int, ...]
    binning: int | None


def read_size(path: str | os.PathLike[str]) -> FrameSize:
    """Read the size of the first image of a FITS file, and not its pixels.

    Raises
    ------
    FrameError
        As `read_frame`.
    """
    path = Path(path)
    with _opened(path) as units:
        unit = next((unit for unit in units if _has_image(unit)), None)
        if unit is None:
            raise FrameError(f"{path} holds no image.")
        binning = _number(dict(units[0].header) | dict(unit.header), ("XBINNING",))
        return FrameSize(tuple(unit.shape[-2:]), None if binning is None else int(binning))


def write_frame(path: str | os.PathLike[str], pixels: npt.NDArray[Any], header: Mapping[str, Any]) -> None:
    """Write a frame as FITS, whole or not at all: into a neighbouring file that is renamed at the end.

    Parameters
    ----------
    path : path-like
        An existing file is replaced.
    pixels : ndarray, shape (height, width)
        Unsigned 16-bit values are stored with BZERO, as cameras' software does.
    header : mapping
        Keywords and values; None and values that are not numbers are left out.

    Raises
    ------
    FrameError
        When `pixels` is no frame, or the file cannot be written.
    """
    path = Path(path)
    if pixels.ndim != 2 or pixels.size == 0 or pixels.dtype.kind not in "uif":
        raise FrameError(f"{path.name} was not written: a frame is a two-dimensional array of real numbers.")
    try:
        written = BytesIO()  # written to a file by astropy, a full disk would be an error without a number
        _unit(pixels, header).writeto(written)
        with whole_file(path) as file:
            file.write(written.getbuffer())
    except (OSError, ValueError) as error:
        raise FrameError(f"{path} could not be written: {why_unwritten(error)}.") from error


def _unit(pixels: npt.NDArray[Any], header: Mapping[str, Any]) -> Any:
    from astropy.io import fits

    unit = fits.PrimaryHDU(np.ascontiguousarray(pixels))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # long keywords become HIERARCH cards, as they should
        for key, value in header.items():
            if value is None or (isinstance(value, float) and not math.isfinite(value)):
                continue
            plain = value.encode("ascii", "replace").decode() if isinstance(value, str) else value
            unit.header[key] = plain
    return unit


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a FITS file and turn whatever is wrong with it into one sentence."""
    if not path.exists():
        raise FrameError(f"There is no file {path}.")
    if path.is_dir():
        raise FrameError(f"{path} is a folder, not a frame.")
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd keywords are common and harmless; damage is raised below
            with fits.open(path, memmap=False) as units:
                yield units
    except FrameError:
        raise
    except PermissionError as error:
        raise FrameError(f"{path} cannot be read: {why_unread(error)}.") from error
    except MemoryError as error:
        raise FrameError(f"{path} holds more than fits into memory.") from error
    except (OSError, ValueError, TypeError, EOFError, IndexError, KeyError, fits.VerifyError, zlib.error) as error:
        raise FrameError(f"{path} is not a FITS image that can be read, or it is cut short.") from error


def _has_image(unit: Any) -> bool:
    return bool(unit.is_image and unit.header.get("NAXIS", 0) >= 2)


def _single_plane(pixels: Any, path: Path) -> npt.NDArray[Any]:
    if pixels is None:
        raise FrameError(f"{path} holds no image.")
    frame = np.asarray(pixels)
    while frame.ndim > 2 and frame.shape[0] == 1:
        frame = frame[0]
    if frame.ndim != 2:
        sizes = " x ".join(str(n) for n in frame.shape[::-1])
        raise FrameError(f"{path} is a cube of {sizes}: give one colour, or the raw mosaic, as a single plane.")
    return frame


def _native(pixels: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    if pixels.dtype.kind not in "uif":
        raise FrameError(f"{path} holds {pixels.dtype}, not real numbers.")
    kind = np.dtype(np.float32) if pixels.dtype.kind == "f" else pixels.dtype.newbyteorder("=")
    return np.ascontiguousarray(pixels, dtype=kind)


def _is_normalised(pixels: npt.NDArray[Any]) -> bool:
    """Whether the values lie from 0 to 1, some between; what is no number does not count.

    Subtracted darks and registration leave a few values a little outside: one in a thousand may lie there.
    """
    if pixels.dtype.kind != "f" or pixels.size == 0:
        return False
    with np.errstate(invalid="ignore"):
        numbers = np.count_nonzero(np.isfinite(pixels))
        near = np.count_nonzero((pixels >= -BESIDE) & (pixels <= 1.0 + BESIDE))
        within = np.count_nonzero((pixels >= 0) & (pixels <= 1))
        between = np.count_nonzero((pixels > 0) & (pixels < 1))
    return bool(between > 0 and near == numbers and within >= (1.0 - ODD_SHARE) * numbers)


def _number(header: Mapping[str, Any], keys: tuple[str, ...]) -> float | None:
    for key in keys:
        with contextlib.suppress(TypeError, ValueError):
            number = float(header[key]) if key in header and not isinstance(header[key], bool) else math.nan
            if math.isfinite(number):
                return number
    return None


def _text(header: Mapping[str, Any], key: str) -> str | None:
    text = str(header.get(key, "")).strip()
    return text or None
