"""Tail probabilities in closed form, so that a verdict is the same number on any machine."""

from __future__ import annotations

import math
from functools import lru_cache


def student_tail(t: float, dof: int) -> float:
    """Return the probability that Student's t of `dof` degrees of freedom exceeds `t` in magnitude.

    Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.

    >>> round(student_tail(2.571, 5), 3)
    0.05
    """
    if dof < 1:
        return 1.0
    angle = math.atan2(abs(t), math.sqrt(dof))
    cosine_square = math.cos(angle) ** 2
    odd = dof % 2 == 1
    term = math.cos(angle) if odd else 1.0
    total = 0.0 if dof == 1 else term
    for k in range(3 if odd else 2, dof - 1, 2):
        term *= cosine_square * (k - 1) / k
        total += term
    inside = math.sin(angle) * total
    if odd:
        inside = (angle + inside) * 2.0 / math.pi
    return max(0.0, 1.0 - inside)


@lru_cache(maxsize=1024)
def student_factor(dof: int) -> float:
    """Return by how much a standard error from `dof` residuals must be widened to hold 68.27 % of the cases.

    >>> [round(student_factor(n), 2) for n in (1, 2, 6, 60)]
    [1.84, 1.32, 1.09, 1.01]
    """
    low, high = 1.0, 2.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if student_tail(middle, dof) > 0.31731 else (low, middle)
    return 0.5 * (low + high)


def fisher_tail_two(f: float, dof: int) -> float:
    """Return the probability that Fisher's F of 2 and `dof` degrees of freedom exceeds `f`.

    >>> round(fisher_tail_two(5.143, 6), 3)
    0.05
    """
    return float((1.0 + 2.0 * max(f, 0.0) / dof) ** (-dof / 2)) if dof >= 1 else 1.0
