"""The whole state of a session as JSON, and back: where a replay may begin in the middle of a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from statefocus.context import Context
from statefocus.errors import TraceError
from statefocus.profile import Profile
from statefocus.session import State
from statefocus.trace.rendering import render


class Checkpoint(msgspec.Struct, frozen=True):
    """The number of events so far, and where the session stands after them.

    The profile stands in the header, once; in a checkpoint it is null.
    """

    events: int
    leaves: dict[str, str]
    context: Context


def checkpoint(events: int, state: State) -> bytes:
    """Render the body of a checkpoint line; what is in no order of its own is sorted."""
    whole = Checkpoint(events, dict(state.leaves), state.context)
    return render(msgspec.to_builtins(whole, str_keys=True, order="deterministic", enc_hook=_told))


def restore(body: Mapping[str, Any], profile: Profile, line: int) -> tuple[int, State]:
    """Give the number of events so far, and where the session stood, from the body of a checkpoint line.

    Raises
    ------
    TraceError
        Where it holds no such state.
    """

    def known(wanted: type, _told: Any) -> Any:
        if wanted is Profile:
            return profile
        raise NotImplementedError(wanted)

    try:
        read = msgspec.convert(body, Checkpoint, dec_hook=known, str_keys=True)
    except msgspec.ValidationError as error:
        raise TraceError(f"this checkpoint holds no whole state: {error}.", line) from None
    return read.events, State(read.leaves, read.context)


def _told(value: Any) -> Any:
    if isinstance(value, Profile):
        return None
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(type(value))
