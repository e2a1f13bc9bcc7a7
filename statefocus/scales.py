"""How a metric is told to a person: its name, its unit, which way is better, and its numbers in a readable form.

A curve is fitted to a *measure*, which is smaller in better focus: the metric itself, or its reciprocal where larger is
better. Events, points and records hold measures; a scale turns them back for whoever reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True)
class Scale:
    """A metric as people read it.

    Attributes
    ----------
    title
        Its name in a sentence.
    unit
        Empty for a number without one.
    larger_is_better
        Whether the curve is fitted to its reciprocal.
    in_powers
        Whether it is shown as exponent|mantissa, since it spans powers of ten.
    """

    title: str
    unit: str = ""
    larger_is_better: bool = False
    in_powers: bool = False

    def value(self, measure: float) -> float:
        """Give the metric that a measure stands for.

        >>> Scale("inverse power", larger_is_better=True).value(0.00025)
        4000.0
        """
        return 1.0 / measure if self.larger_is_better else measure

    def error(self, measure: float, error: float) -> float:
        """Give the metric's standard error from that of a measure."""
        return error / measure**2 if self.larger_is_better else error

    def text(self, measure: float, error: float | None = None, *, width: int = 0, digits: int = 2) -> str:
        """Tell a measure, with its error where one is given, as the metric with its unit.

        >>> Scale("HFR", "px").text(2.1283, 0.014)
        '2.13 ± 0.01 px'
        >>> SCALES["inverse-power"].text(1 / 9.48e14, 1e-17)
        '14|9.48 ± 0.09'
        """
        told = None if error is None else self.error(measure, error)
        return self.told(self.value(measure), told, width=width, digits=digits)

    def told(self, value: float, error: float | None = None, *, width: int = 0, digits: int = 2) -> str:
        """Tell the metric's own value, with its own error."""
        shown = self.number(value, width=width, digits=digits)
        if error is not None:
            power = int(shown.split("|")[0]) if self.in_powers else 0
            shown += f" ± {error / 10.0**power:.{digits}f}"
        return f"{shown} {self.unit}" if self.unit else shown

    def number(self, value: float, *, width: int = 0, digits: int = 2) -> str:
        """Show the metric's own value without its unit."""
        return powers(value, digits) if self.in_powers else f"{value:{width}.{digits}f}"

    @property
    def heading(self) -> str:
        """Title and unit, as a table's column has them."""
        return f"{self.title} {self.unit}".strip()


SCALES = {
    "hfr": Scale("HFR", "px"),
    "hfd-astap": Scale("HFD (ASTAP)", "px"),
    "fwhm": Scale("FWHM", "px"),
    "inverse-power": Scale("inverse power", larger_is_better=True, in_powers=True),
}
"""The metrics that come with statefocus; a plug-in tells its own."""


def powers(value: float, digits: int = 2) -> str:
    """Show a number as exponent|mantissa, so that two can be compared at a glance.

    >>> powers(9.48161073905664e14), powers(0.0153), powers(9.999)
    ('14|9.48', '-2|1.53', '1|1.00')
    """
    if not isfinite(value) or value == 0:
        return f"0|{value:.{digits}f}"
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{int(exponent)}|{mantissa}"
