"""The colours of a picture."""

PAPER, PANEL, INK, FAINT = "#0b0f14", "#10161d", "#e5e7eb", "#8b95a3"
GREEN, RED, BLUE, AMBER, VIOLET = "#4ade80", "#f87171", "#7dd3fc", "#fbbf24", "#c4b5fd"
