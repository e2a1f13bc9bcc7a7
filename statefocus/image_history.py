"""How sharp the plan's Light frames have been since the last refocus, against the frames right after it (T10).

The baseline belongs to a filter and a binning, and is taken only after a validated refocus in that filter: a night in
clouds must not become the measure of what is good. A frame without stars is no measurement, and is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, isfinite
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

Channel = str
"""Filter and binning, told by `channel_of`: frames can be compared only within one."""


def channel_of(filter_: str | None, binning: int) -> Channel:
    """Name a channel; as text, since checkpoints are written as JSON, whose keys are.

    >>> channel_of("Ha", 2)
    '2 Ha'
    """
    return f"{binning} {filter_ or ''}"


Metric = Literal["hfr", "stars", "hfr_and_stars", "hfr_or_stars"]


class Sharpness(Struct, frozen=True):
    """What one Light frame told: its HFR in px, and how many stars it shows."""

    hfr_px: float
    stars: int


class Decline(Struct, frozen=True):
    """How much worse than the baseline, percent: HFR up, stars down."""

    hfr_percent: float
    stars_percent: float


class Limits(Struct, frozen=True):
    """When a decline counts, percent, and how many frames have to show it: on average, or each of them."""

    metric: Metric
    hfr_percent: float
    stars_percent: float
    frames: int
    judged: Literal["average", "consecutive"]

    def beyond(self, decline: Decline) -> bool:
        """Whether a decline has reached its limit."""
        hfr, stars = decline.hfr_percent >= self.hfr_percent, decline.stars_percent >= self.stars_percent
        return {"hfr": hfr, "stars": stars, "hfr_and_stars": hfr and stars, "hfr_or_stars": hfr or stars}[self.metric]


class ImageHistory(Struct, frozen=True):
    """Light frames by channel.

    Attributes
    ----------
    baselines
        The frames right after the last validated refocus in each channel.
    recent
        The last frames since the last refocus of any kind; those of the baseline are not among them.
    gathering
        Channels whose baseline is being taken, and the frames of it so far.
    focused
        Filter of the last validated refocus, while the baseline of one of its channels may still be begun; None else.
    fresh
        Whether `focused` holds.
    unmeasured
        Light frames without a baseline since the last refocus, by channel.
    """

    baselines: Mapping[Channel, Sharpness] = field(default_factory=dict)
    recent: Mapping[Channel, tuple[Sharpness, ...]] = field(default_factory=dict)
    gathering: Mapping[Channel, tuple[Sharpness, ...]] = field(default_factory=dict)
    focused: str | None = None
    fresh: bool = False
    unmeasured: Mapping[Channel, int] = field(default_factory=dict)

    def taken(
        self, channel: Channel, hfr_px: float | None, stars: int | None, *, frames: int, baseline_frames: int
    ) -> ImageHistory:
        """Take a Light frame in.

        Parameters
        ----------
        channel
            Its filter and binning.
        hfr_px, stars
            What was measured in it; None, or no star, is no measurement.
        frames
            How many recent frames are kept.
        baseline_frames
            How many frames make a baseline.
        """
        if hfr_px is None or not isfinite(hfr_px) or hfr_px <= 0 or not stars:
            return self
        seen = Sharpness(hfr_px, stars)
        if self.fresh and _filter_in(channel) == (self.focused or "") and channel not in self.recent:
            return self._gathered(channel, seen, baseline_frames)
        if channel not in self.baselines:
            return replace(self, unmeasured={**self.unmeasured, channel: self.unmeasured.get(channel, 0) + 1})
        recent = (*self.recent.get(channel, ()), seen)[-frames:]
        return replace(self, recent={**self.recent, channel: recent})

    def _gathered(self, channel: Channel, seen: Sharpness, wanted: int) -> ImageHistory:
        frames = (*self.gathering.get(channel, ()), seen)
        if len(frames) < wanted:
            return replace(self, gathering={**self.gathering, channel: frames})
        gathering = {key: value for key, value in self.gathering.items() if key != channel}
        baselines = {**self.baselines, channel: mean(frames)}
        return replace(self, gathering=gathering, baselines=baselines, recent={**self.recent, channel: ()})

    def refocused(self, filter_: str | None, *, validated: bool) -> ImageHistory:
        """Begin anew after a refocus (T11); only a validated one lets a baseline be taken."""
        return ImageHistory(baselines=self.baselines, focused=filter_ if validated else None, fresh=validated)

    def decline(self, channel: Channel, limits: Limits) -> Decline | None:
        """How much worse the recent frames of a channel are, on average; None without a baseline or enough frames."""
        recent, baseline = self.recent.get(channel, ()), self.baselines.get(channel)
        if baseline is None or len(recent) < limits.frames:
            return None
        return against(mean(recent[-limits.frames :]), baseline)

    def degraded(self, channel: Channel, limits: Limits) -> bool:
        """Whether the recent frames of a channel are beyond the limits."""
        average, baseline = self.decline(channel, limits), self.baselines.get(channel)
        if average is None or baseline is None:
            return False
        if limits.judged == "average":
            return limits.beyond(average)
        return all(limits.beyond(against(seen, baseline)) for seen in self.recent[channel][-limits.frames :])

    def without_baseline(self, channel: Channel) -> int:
        """Light frames since the last refocus that could not be compared with anything."""
        return self.unmeasured.get(channel, 0)


def _filter_in(channel: Channel) -> str:
    return channel.partition(" ")[2]


def mean(frames: tuple[Sharpness, ...]) -> Sharpness:
    """Average HFR and star count of some frames, each by an exactly rounded sum."""
    stars = round(fsum(seen.stars for seen in frames) / len(frames))
    return Sharpness(fsum(seen.hfr_px for seen in frames) / len(frames), stars)


def against(seen: Sharpness, baseline: Sharpness) -> Decline:
    """Compare frames with their baseline."""
    return Decline(
        100 * (seen.hfr_px / baseline.hfr_px - 1),
        100 * (1 - seen.stars / baseline.stars),
    )
