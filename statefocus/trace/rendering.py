"""How a line is rendered, to the byte: the one place for whoever writes a trace, and for replay, which writes it again.

Numbers keep all their digits, so that a night can be replayed to the last bit.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np

VERSION = 1
KINDS = ("header", "event", "step", "effect", "run", "checkpoint")
DIGEST_DIGITS = 16
_NOTHING_YET = blake2b(digest_size=DIGEST_DIGITS // 2)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(type(value))


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def render(body: Any) -> bytes:
    """Render a value as JSON; a number that JSON cannot hold (NaN, infinity) becomes null."""
    try:
        return _ENCODER.encode(body)
    except (UnicodeEncodeError, OverflowError):  # a driver's words or numbers may be what UTF-8 or 64 bits cannot hold
        text = json.dumps(msgspec.to_builtins(body), ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="replace")


def render_exactly(body: Any) -> bytes:
    """Render a value as JSON; a number that JSON cannot hold is refused, since no reader could tell what it was.

    Raises
    ------
    ValueError
        For NaN and infinity.
    """
    rendered = render(body)
    if b"null" in rendered:
        json.dumps(msgspec.to_builtins(body), allow_nan=False)
    return rendered


def chain(previous: bytes, text: bytes) -> bytes:
    """Digest of a line, over its text and the digest of the line before it: 16 hexadecimal digits."""
    digest = _NOTHING_YET.copy()
    digest.update(previous)
    digest.update(text)
    return digest.hexdigest().encode()


def line_of(seq: int, previous: bytes, t: bytes, kind: str, run: int | None, body: bytes) -> tuple[bytes, bytes]:
    """Render a whole line.

    Parameters
    ----------
    seq, previous
        Number of the line, and the digest of the one before it.
    t
        Time, rendered.
    kind, run
        What it tells, and the run that it belongs to.
    body
        All else, rendered as an object that is not empty.

    Returns
    -------
    The line with its end, and its digest.
    """
    text = b'{"v":1,"seq":%d,"t":%b,%b%b' % (seq, t, _head(kind, run), body[1:])
    digest = chain(previous, text)
    return b'%b,"digest":"%b"}\n' % (text[:-1], digest), digest


@lru_cache(maxsize=64)
def _head(kind: str, run: int | None) -> bytes:
    within = "" if run is None else f'"run":{run},'
    return f'"kind":"{kind}",{within}'.encode()
