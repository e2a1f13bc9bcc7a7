"""Asks N.I.N.A.'s Advanced API over HTTP; each question has its time limit, and an error is one of ours."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from statefocus.errors import Protocol, Timeout, Unreachable, UsageError
from statefocus.hosts.nina.reading import answer_of, table, words
from statefocus.profile import Nina

BASE = "/v2/api"
MAJOR = 2
LONGEST_ANSWER = 1 << 24
LONGEST_IMAGE = 1 << 30
_PIECE = 1 << 20


class Api:
    """One N.I.N.A.; any thread may ask.

    Parameters
    ----------
    settings
        Where it is, and how long it may take.
    """

    def __init__(self, settings: Nina) -> None:
        self._settings = settings
        self.where = f"{settings.address}:{settings.port}"

    def check_version(self) -> str:
        """Read the plug-in's version.

        Raises
        ------
        UsageError
            Where it is another one than this host was written for.
        DeviceError
            Where it cannot be reached.
        """
        version = words(self.get("/version")) or "no version"
        if version.partition(".")[0] != str(MAJOR):
            raise UsageError(
                f"N.I.N.A.'s Advanced API at {self.where} is version {version[:40]}; statefocus knows version {MAJOR}."
            )
        return version

    def table(self, path: str) -> Mapping[str, Any]:
        """Ask for an object."""
        return table(self.get(path))

    def get(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        limit_s: float | None = None,
        longest: int = LONGEST_ANSWER,
    ) -> Any:
        """Ask, and take the answer out of its envelope.

        Raises
        ------
        Unreachable
            Where nobody answers there.
        Timeout
            Where the whole answer takes too long.
        Refused
            Where N.I.N.A. says no.
        Protocol
            Where something else answers.
        """
        limit_s = limit_s or self._settings.read_timeout_s
        asked = f"{BASE}{path}"
        target = f"{asked}?{urlencode(query)}" if query else asked
        try:
            status, content = self._exchange(target, limit_s, longest)
        except TimeoutError:
            raise Timeout(f"N.I.N.A. at {self.where} did not answer {path} within {limit_s:g} s.") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = str(error) or type(error).__name__
            raise Unreachable(
                f"N.I.N.A. cannot be reached at {self.where} ({said}): is it open, and its plug-in Advanced API on?"
            ) from None
        return answer_of(path, status, content)

    def _exchange(self, target: str, limit_s: float, longest: int) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(
            self._settings.address, self._settings.port, timeout=self._settings.connect_timeout_s
        )
        try:
            connection.connect()
            until = time.monotonic() + limit_s
            connection.sock.settimeout(limit_s)
            connection.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
            answer = connection.getresponse()
            content = bytearray()
            while piece := answer.read1(_PIECE):
                content += piece
                if len(content) > longest:
                    raise Protocol(f"N.I.N.A. at {self.where} answers more than {longest >> 20} MB to {target}.")
                if time.monotonic() >= until:
                    raise TimeoutError
            return answer.status, bytes(content)
        finally:
            connection.close()
