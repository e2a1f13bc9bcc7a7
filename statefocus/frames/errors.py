"""What can be wrong with a frame, and why a file could not be written."""

from __future__ import annotations

from errno import EDQUOT, EFBIG, ENOSPC

from statefocus.errors import StatefocusError


class FrameError(StatefocusError):
    """A frame cannot be read, written or measured; the message is one sentence that says why."""


def why_unwritten(error: Exception) -> str:
    """Tell why a file could not be written, for a person who knows which."""
    if not isinstance(error, OSError):
        return str(error).rstrip(".")
    if error.errno == ENOSPC:
        return "no room is left on the disk"
    if error.errno == EDQUOT:
        return "no more room on the disk is granted to you (quota)"
    if error.errno == EFBIG:
        return "it would be larger than a file may be here (ulimit -f, or the kind of disk)"
    return (error.strerror or str(error)).rstrip(".")
