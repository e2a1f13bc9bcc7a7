"""The legend of a picture: in an order that people read it in, and where it hides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statefocus.pictures.colours import FAINT, INK, PAPER
from statefocus.pictures.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEGEND_MARGIN, LEAST_LEFT = 0.03, 0.3  # of the axes: around the legend; for the points, however long it is
LEGEND = ("point", "each frame", "left out", "earlier", "hyper", "side", "best", "its", "critical", "validation")
"""How the entries of the legend begin, in their order; others, such as a curve's name, come first."""


def place_legend(axes: Axes, sheet: Sheet) -> None:
    """Points first, then what was made of them; where no data are, and above all where they are everywhere."""
    handles, labels = axes.get_legend_handles_labels()
    rank = {label: next((i for i, first in enumerate(LEGEND) if label.startswith(first)), 0) for label in labels}
    order = sorted(range(len(labels)), key=lambda index: rank[labels[index]])
    legend = axes.legend(
        [handles[i] for i in order], [labels[i] for i in order],
        loc="best", fontsize=10.5, facecolor=PAPER, edgecolor=FAINT, framealpha=0.9,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(INK)
    box = legend.get_window_extent()
    shown = axes.transData.transform(_places(axes, sheet))
    if any(box.contains(x, y) for x, y in shown):
        _make_room(axes, box.height / axes.bbox.height)
        legend.set_loc("upper right")


def _places(axes: Axes, sheet: Sheet) -> list[tuple[float, float]]:
    """Where something is drawn that must be seen: points, those left out too, and validation frames."""
    floor = axes.get_ylim()[0]
    every = (*sheet.points, *sheet.fitted, *sheet.earlier)
    places = [(point.position, floor if point.measure is None or point.flaw() else point.measure) for point in every]
    if sheet.validated_at is None:
        return places
    return places + [(sheet.validated_at, value) for value in sheet.validations if value is not None]


def _make_room(axes: Axes, share: float) -> None:
    """Leave a share of the axes, and a margin, free above all that is drawn."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, low + (high - low) / max(1.0 - share - LEGEND_MARGIN, LEAST_LEFT))
