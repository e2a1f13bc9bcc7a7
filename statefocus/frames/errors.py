"""What can be wrong with a frame."""

from statefocus.errors import StatefocusError


class FrameError(StatefocusError):
    """A frame cannot be read, written or measured; the message is one sentence that says why."""
