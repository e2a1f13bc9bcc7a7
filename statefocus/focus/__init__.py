"""Curve fits of a focus sweep, and the verdicts on them: pure numbers in, a value out."""

from statefocus.focus.fitting import MODELS, find_focus
from statefocus.focus.limits import Limits, PastFocus, Verdict
from statefocus.focus.optics import Telescope, critical_focus_zone_steps, critical_focus_zone_um
from statefocus.focus.points import FocusPoint
from statefocus.focus.result import FocusFit, Refinement, Rejected

__all__ = [
    "MODELS",
    "FocusFit",
    "FocusPoint",
    "Limits",
    "PastFocus",
    "Refinement",
    "Rejected",
    "Telescope",
    "Verdict",
    "critical_focus_zone_steps",
    "critical_focus_zone_um",
    "find_focus",
]
