"""What is recorded of one star of a focus frame: enough to find it again in the next frame, and to compare the two."""

from __future__ import annotations

StarSize = tuple[float, float, float, float]
"""Place in the frame, x and y; half-flux radius; its standard error; all in px."""
