"""Draws a run: points, their curve, the two sides in green, the fallback in red, rejected points as red Xs (A19)."""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from statefocus.errors import StatefocusError, UsageError
from statefocus.focus.curves import predict
from statefocus.focus.points import FARTHEST, FocusPoint
from statefocus.pictures.colours import AMBER, BLUE, FAINT, GREEN, INK, PANEL, PAPER, RED, VIOLET
from statefocus.pictures.legend import place_legend
from statefocus.pictures.sheet import FitTold, Sheet
from statefocus.pictures.sides import side_lines
from statefocus.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_AN_INCH = 100
WIDTH_PX, HEIGHT_PX = 1280, 800
ROOM = 0.06  # of the span, beside the outermost points
MOST_REASONS, MOST_NAMED = 5, 4  # that the legend tells: reasons, and positions of each
LONGEST_REASON, LONGEST_WHY = 58, 125  # letters
CURVE_POINTS = 400
FROM_ZERO, FLAT = 0.5, 0.9
"""Between these the axis begins near the lowest measure, of all that is measured; else at zero."""
APART = 0.004  # of the axis; what is nearer together is drawn once
NO_PLOTTING = "Pictures need matplotlib: pip install 'statefocus[plot]'."


def drawable(path: Path) -> None:
    """See to it, before a run, that its picture can be drawn and has a folder to go to.

    Raises
    ------
    UsageError
        Where it cannot.
    """
    if find_spec("matplotlib") is None:
        raise UsageError(NO_PLOTTING)
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} for the picture: make it, or choose another one.")
    if path.is_dir():
        raise UsageError(f"{path} is a folder: give the picture a name, such as {path / 'run.png'}.")


def save_picture(sheet: Sheet, path: Path) -> None:
    """Draw a sheet as PNG, 1280 x 800; the file is there whole, or not at all.

    Raises
    ------
    StatefocusError
        Where matplotlib is not installed, or the file cannot be written.
    """
    figure = draw(sheet)
    try:
        with whole_file(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
            figure.savefig(file, format="png", facecolor=PAPER)
    except OSError as error:
        raise StatefocusError(f"The picture {path} could not be written: {error.strerror or error}.") from error


def draw(sheet: Sheet) -> Figure:
    """Draw a sheet.

    Raises
    ------
    StatefocusError
        Where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise StatefocusError(NO_PLOTTING) from None
    size = (WIDTH_PX / DOTS_AN_INCH, HEIGHT_PX / DOTS_AN_INCH)
    figure = Figure(figsize=size, dpi=DOTS_AN_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.075, 0.09, 0.9, 0.73), facecolor=PANEL)
    _head(figure, sheet)
    drawn = [p for p in (*sheet.points, *sheet.fitted, *sheet.earlier) if p.flaw() is None]
    if drawn:
        _frame(axes, sheet, drawn)
        _curve(axes, sheet)
        _points(axes, sheet)
        _answer(axes, sheet)
        place_legend(axes, sheet)
    else:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "No star was measured at any position.", color=AMBER, fontsize=18, ha="center")
    return figure


def _head(figure: Figure, sheet: Sheet) -> None:
    colour = GREEN if sheet.good else RED
    figure.text(0.02, 0.955, _plain(sheet.verdict), color=colour, fontsize=19, weight="bold", va="center")
    figure.text(0.02, 0.905, _plain(sheet.facts), color=INK, fontsize=12.5, va="center")
    why = textwrap.wrap(sheet.why or sheet.note, LONGEST_WHY, max_lines=2, placeholder=" ...")
    colour = AMBER if sheet.why else INK
    figure.text(0.02, 0.857, _plain("\n".join(why)), color=colour, fontsize=11.5, va="center", linespacing=1.25)


def _frame(axes: Axes, sheet: Sheet, drawn: Sequence[FocusPoint]) -> None:
    """Lay the axes out around the points; curve, band and lines are drawn within."""
    everywhere = [p.position for p in (*sheet.points, *sheet.earlier) if abs(p.position) <= FARTHEST]
    bottom, top = _span([_measure(p) for p in drawn] + _seen(sheet.validations))
    axes.set(
        xlim=_span(everywhere + _shown_best(sheet)), ylim=(bottom if FROM_ZERO < bottom / top < FLAT else 0.0, top)
    )
    axes.set_xlabel("focuser position (steps)", color=INK, fontsize=13)
    axes.set_ylabel(_axis(sheet), color=INK, fontsize=13)
    axes.tick_params(colors=INK, labelsize=11.5)
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.yaxis.get_offset_text().set_color(INK)
    axes.grid(visible=True, color="#263040", linewidth=0.7)
    for edge in axes.spines.values():
        edge.set_color(FAINT)


def _axis(sheet: Sheet) -> str:
    if sheet.scale is None:
        return "measure (smaller is better)"
    name = f"1 / {sheet.scale.title}" if sheet.scale.larger_is_better else sheet.scale.title
    return f"{name} ({sheet.scale.unit})" if sheet.scale.unit else name


def _curve(axes: Axes, sheet: Sheet) -> None:
    """The two sides in green, and over them the curve, or in red the fallback."""
    fit = sheet.fit
    if fit is None or not fit.coefficients:
        return
    x = np.linspace(*axes.get_xlim(), CURVE_POINTS)
    _sides(axes, sheet, fit)
    if fit.model == "fallback":
        label = f"fallback: lowest average of three, near {fit.coefficients[0]:g}"
        axes.axhline(fit.coefficients[1], color=RED, linewidth=1.8, linestyle="--", label=label)
    elif fit.model != "lines":
        y = [_predicted(fit, float(one)) for one in x]
        label = {"joint": "hyperbola (joint fit)", "learned": "learned curve"}.get(fit.model, fit.model)
        axes.plot(x, y, color=BLUE, linewidth=2.2, label=label, zorder=3)


def _sides(axes: Axes, sheet: Sheet, fit: FitTold) -> None:
    """One straight line a side (F1): those that were fitted, those of a learned V, or those through the points."""
    low, high = axes.get_xlim()
    found, label = side_lines(sheet, fit)
    if len(found) != 4:
        return
    a, b, c, d = found
    cross = (a - c) / (d - b) if d != b else math.nan
    if not low < cross < high:
        return
    for height, slope, end in ((a, b, low), (c, d, high)):
        ends = [end, cross]
        axes.plot(ends, [height + slope * x for x in ends], color=GREEN, linewidth=1.4, label=label, zorder=2)
        label = "_"


def _points(axes: Axes, sheet: Sheet) -> None:
    """What the curve was fitted to; where that is not what each frame measured by itself, this too."""
    rejected = {one.index: one.why for one in sheet.fit.rejected} if sheet.fit else {}
    both = [(own, used) for own, used in zip(sheet.points, sheet.fitted, strict=True) if used.flaw() is None]
    kept = [pair for pair in both if sheet.points.index(pair[0]) not in rejected]
    apart = APART * axes.get_ylim()[1]
    alone = [own for own, used in kept if abs(_measure(own) - _measure(used)) > apart]
    _scatter(axes, alone, "o", FAINT, "each frame by itself", size=18)
    earlier = [point for point in sheet.earlier if point.flaw() is None]
    _scatter(axes, earlier, "D", "none", "earlier sweep, given up", size=110, edge=VIOLET)
    if kept:
        used = [pair[1] for pair in kept]
        label = "points, by the stars that the frames share" if alone else "points"
        axes.errorbar(
            [p.position for p in used],
            [_measure(p) for p in used],
            [_error(p) for p in used],
            fmt="o", color=INK, ecolor=FAINT, elinewidth=1.6, capsize=4, markersize=7, label=label, zorder=5,
        )  # fmt: skip
    _rejected(axes, sheet, rejected)


def _rejected(axes: Axes, sheet: Sheet, rejected: Mapping[int, str]) -> None:
    """Red Xs, an entry of the legend for each reason; a point without a measure stands at the bottom."""
    floor = axes.get_ylim()[0]
    reasons: dict[str, list[FocusPoint]] = {}
    for index, why in sorted(rejected.items()):
        if 0 <= index < len(sheet.points):
            reasons.setdefault(why, []).append(sheet.points[index])
    for number, (why, points) in enumerate(reasons.items()):
        named = ", ".join(f"{point.position:g}" for point in points[:MOST_NAMED])
        more = f" and {len(points) - MOST_NAMED} more" if len(points) > MOST_NAMED else ""
        label = f"left out {named}{more}: {textwrap.shorten(why, LONGEST_REASON, placeholder=' ...')}"
        if number >= MOST_REASONS:
            label = f"left out: {len(reasons) - MOST_REASONS} more" if number == MOST_REASONS else "_"
        heights = [_measure(point) if point.flaw() is None else floor for point in points]
        look: dict[str, Any] = {
            "color": RED,
            "markersize": 13,
            "markeredgewidth": 3.0,
            "linestyle": "none",
            "clip_on": False,
        }
        axes.plot([point.position for point in points], heights, "x", label=_plain(label), zorder=6, **look)


def _answer(axes: Axes, sheet: Sheet) -> None:
    """The best position with its uncertainty and the critical focus zone, and the frame that had the last word."""
    fit = sheet.fit
    best = fit.best_position if fit else None
    if fit and best is not None and math.isfinite(best):
        fallback = fit.model == "fallback"
        colour = AMBER if sheet.good and not fallback else RED
        if sheet.cfz_steps and not fallback:
            half = sheet.cfz_steps / 2
            label = f"critical focus zone, {sheet.cfz_steps:.1f} steps"
            axes.axvspan(best - half, best + half, color=GREEN, alpha=0.13, linewidth=0, label=label, zorder=0)
        axes.axvline(
            best,
            color=colour,
            linewidth=1.6,
            linestyle=":",
            label="_" if fallback else _best_told(fit, best),
            zorder=4,
        )
        if fit.sigma_position is not None:
            height = axes.get_ylim()[0] + 0.035 * (axes.get_ylim()[1] - axes.get_ylim()[0])
            axes.errorbar(
                [best], [height], xerr=[fit.sigma_position], fmt="|", color=colour, capsize=6, elinewidth=2.2,
                markersize=12, label=f"its uncertainty, ± {fit.sigma_position:.2f}", zorder=6,
            )  # fmt: skip
    seen = _seen(sheet.validations)
    if seen and sheet.validated_at is not None:
        label = f"validation: {sheet.scale.text(seen[-1]) if sheet.scale else f'{seen[-1]:.3g}'}"
        axes.plot(
            [sheet.validated_at] * len(seen), seen, "*", color=AMBER, markersize=17, markeredgecolor=PAPER,
            label=label, zorder=7,
        )  # fmt: skip


def _best_told(fit: FitTold, best: float) -> str:
    """The best position, and why it is not where the curve is lowest."""
    if fit.curve_minimum is None:
        return f"best position {best:.1f}"
    return f"best position {best:.1f}, by the forward model (curve: {fit.curve_minimum:.1f})"


def _scatter(
    axes: Axes, points: Sequence[FocusPoint], marker: str, colour: str, label: str, *, size: int, edge: str = "none"
) -> None:
    if points:
        where = [p.position for p in points], [_measure(p) for p in points]
        axes.scatter(
            *where, marker=marker, facecolor=colour, edgecolor=edge, linewidth=1.8, s=size, label=label, zorder=4
        )


def _shown_best(sheet: Sheet) -> list[float]:
    """The best position, where it is not so far off that the points would shrink to nothing."""
    best = sheet.fit.best_position if sheet.fit else None
    places = [point.position for point in sheet.points if point.flaw() is None]
    if best is None or not places or not math.isfinite(best):
        return []
    span = max(places) - min(places)
    return [best] if min(places) - span <= best <= max(places) + span else []


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = ROOM * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def _predicted(fit: FitTold, position: float) -> float:
    try:
        return predict(fit.model, fit.coefficients, position)
    except (IndexError, OverflowError):
        return math.nan


def _measure(point: FocusPoint) -> float:
    return math.nan if point.measure is None else point.measure


def _error(point: FocusPoint) -> float:
    error = point.error
    return error if error is not None and math.isfinite(error) and error > 0 else 0.0


def _seen(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _plain(text: Any) -> str:
    """Text as it is: matplotlib reads what stands between dollars as mathematics."""
    return str(text).replace("$", r"\$")
