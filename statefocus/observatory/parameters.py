"""Parameters of an Alpaca request: names in any case in a query, in exact case in a form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from statefocus.observatory.errors import BadRequestError

_INTEGER = re.compile(r"[+-]?\d{1,10}")
_INT32_MIN, _INT32_MAX, _UINT32_MAX = -(2**31), 2**31 - 1, 2**32 - 1


class RequestParameters:
    """The parameters of one request; of a name that is given twice, the first counts."""

    def __init__(self, pairs: list[tuple[str, str]], *, exact_case: bool) -> None:
        self._exact_case = exact_case
        self._values: dict[str, str] = {}
        for name, value in pairs:
            self._values.setdefault(self._key(name), value)

    @classmethod
    def from_query(cls, query: str) -> RequestParameters:
        """Return the parameters of a GET."""
        return cls(parse_qsl(query, keep_blank_values=True), exact_case=False)

    @classmethod
    def from_form(cls, body: bytes) -> RequestParameters:
        """Return the parameters of a PUT."""
        text = body.decode("utf-8", errors="replace")
        return cls(parse_qsl(text, keep_blank_values=True), exact_case=True)

    def _key(self, name: str) -> str:
        return name if self._exact_case else name.lower()

    def transaction(self, name: str) -> int:
        """Return ClientID or ClientTransactionID; 0 when it is missing.

        Raises
        ------
        BadRequestError
            It is not an unsigned 32-bit integer.
        """
        text = self._values.get(self._key(name))
        if text is None:
            return 0
        if not _INTEGER.fullmatch(text) or not 0 <= int(text) <= _UINT32_MAX:
            raise BadRequestError(f"{name} must be an integer from 0 to {_UINT32_MAX}, not {text!r}")
        return int(text)

    def arguments(self, wanted: Mapping[str, type]) -> tuple[Any, ...]:
        """Return the values of the wanted parameters, in order.

        Raises
        ------
        BadRequestError
            One is missing or malformed.
        """
        return tuple(self._argument(name, kind) for name, kind in wanted.items())

    def _argument(self, name: str, kind: type) -> Any:
        text = self._values.get(self._key(name))
        if text is None and name == "Parameters":
            return ""  # of Action; clients leave it out when there are none
        if text is None:
            raise BadRequestError(f"the parameter {name} is missing")
        try:
            return _PARSERS[kind](text)
        except ValueError:
            raise BadRequestError(f"{name} must be a {kind.__name__}, not {text!r}") from None


def _boolean(text: str) -> bool:
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise ValueError(text)
    return values[text.lower()]


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or not _INT32_MIN <= int(text) <= _INT32_MAX:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError(text)
    return value


_PARSERS: Mapping[type, Callable[[str], Any]] = {bool: _boolean, int: _integer, float: _number, str: str}
