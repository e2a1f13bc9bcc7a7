"""What is recorded of a focus frame's stars: enough to find one again in the next frame, and to tell their shape."""

from __future__ import annotations

StarSize = tuple[float, float, float, float]
"""Place in the frame, x and y; half-flux radius; its standard error; all in px."""

Growth = tuple[float, float, tuple[float, ...]]
"""How the light of a frame's stars grows with the radius: the outermost radius, px; what the following are known to;
and for each of as many equal steps of radius, what lies within, as a fraction of the light within the outermost."""
