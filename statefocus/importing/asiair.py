"""ASIAIR's Autorun log: local times to the second, what the plan does, every point of its V-curves.

The lines are those of real logs, and of a survey of 25 of them over nine months (github.com, Astryx project); a frame's
line tells when it begins, never that it was saved, so a frame counts as saved when its exposure had time to end.
"""

from __future__ import annotations

import re
from datetime import datetime

from statefocus.importing.account import Account
from statefocus.importing.lines import LocalClock, number

TITLE = "ASIAIR"
SIGN = "2022/03/18 21:13:02 [Autorun|Begin] M45 Start"
WITH_ZONE = False
CANNOT_TELL = (
    "temperature between its focus runs",
    "whether the mount tracks at each moment: only that tracking was started or stopped",
    "safety monitor and clouds",
    "the time to the next meridian flip",
    "filters, unless a line of the plan names them",
    "the focuser's scale, its largest position and its backlash",
    "sharpness and stars of the Light frames",
    "when a frame was saved: taken as the end of its exposure",
)

_STAMP = re.compile(r"^(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d) (.*)$")
_LOG = re.compile(r"^Log (?:enabled|disabled|closed) at (\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)")
_SHOOTING = re.compile(r"^Shooting (\d+) (light|dark|flat|bias)\w* frames?,.*?(?:Bin(\d))?$", re.IGNORECASE)
_EXPOSURE = re.compile(r"^Exposure ([\d.]+)(m?s) image (\d+)#")
_AUTOFOCUS = re.compile(
    r"^\[AutoFocus\|Begin\] ?(.*?)(?:,? ?exposure .*?)?(?:,? temperature (-?[\d.]+)\s*(℃|℉|°C|°F)?)?$"
)
_SIZE = re.compile(
    r"^(Find Focus Star|Calculate V-Curve|Calculate Focus Point) ?: detect and calculate star size "
    r"([\d.]+) *,\s*EAF position (\d+)"
)
_CHOSEN = re.compile(r"^Auto focus succeeded, the focused position is (\d+)")
_WAIT = re.compile(r"^(?:\[Meridian Flip\|Begin\] )?Wait (?:(\d+)h)?(?:(\d+)min)?(?:(\d+)s)? to Meridian Flip")
_UNUSED = (
    "[Guide]", "[AutoCenter|", "Plate Solve", "Solve ", "Mount slews", "Exposure ", "Plan ", "Pause Plan", "Target ",
    "Find Focus", "Calculate ", "First delay", "Wait ", "Pierside", "Shutdown", "Stop Autorun", "Cancel AF",
    "Download failed", "Meridian Flip", "[Meridian Flip|", "[AutoFocus|", "[Autorun|", '"',
)  # fmt: skip
_SLACK_S = 1.5
"""Times are cut to whole seconds."""


class Log:
    """Takes the lines of one log."""

    def __init__(self, account: Account, clock: LocalClock) -> None:
        self._account, self._clock = account, clock
        self.version = ""
        self.first_t, self.last_t = float("inf"), float("-inf")
        self._target = ""
        self._chosen: int | None = None
        self._sharpest: float | None = None
        self._failure = ""

    def take(self, text: str) -> str:
        """Take a line; gives `told`, `unused` (its meaning is known, and nothing that a trace holds) or `unknown`."""
        log = _LOG.match(text)
        stamp = log or _STAMP.match(text)
        if stamp is None:
            return "unknown"
        try:
            t = self._clock.unix(datetime(*(int(part) for part in stamp.groups()[:6])))  # type: ignore[arg-type]  # noqa: DTZ001  # local, see LocalClock
        except (ValueError, OverflowError):
            return "unknown"
        self.first_t, self.last_t = min(self.first_t, t), max(self.last_t, t)
        self._close_frame(t)
        words = "Log" if log else stamp[7].strip()
        if log and not text.startswith("Log enabled"):
            self._account.frame_fails(t, "The log was closed.")
        if self._plan(t, words) or self._focus(t, words) or self._mount(t, words):
            return "told"
        return "unused" if log or words.startswith(_UNUSED) else "unknown"

    def _close_frame(self, t: float) -> None:
        account = self._account
        if account.frame is not None and account.frame_is_due(t, _SLACK_S):
            end = account.frame.started_t + account.frame.exposure_s
            account.frame_ends(end, end)

    def _plan(self, t: float, words: str) -> bool:
        account = self._account
        if exposure := _EXPOSURE.match(words):
            seconds = (number(exposure[1]) or 0.0) / (1000 if exposure[2] == "ms" else 1)
            account.frame_starts(t, seconds)
        elif shooting := _SHOOTING.match(words):
            account.plan_starts(t, shooting[2].capitalize(), frames=int(shooting[1]), target=self._target)
        elif words.startswith("[Autorun|Begin]"):
            self._target = words.removeprefix("[Autorun|Begin]").removesuffix("Start").strip()
            if account.paused_target not in (None, self._target):
                account.plan_ends(t, "another target follows")
        elif words.startswith("[Autorun|End] Pause"):
            account.plan_pauses(t, self._target)
        elif words.startswith("[Autorun|End]"):
            account.plan_ends(t, words.removeprefix("[Autorun|End]").strip())
        elif words.startswith(("Stop Autorun", "Download failed")):
            account.frame_fails(t, words)
        else:
            return False
        return True

    def _focus(self, t: float, words: str) -> bool:
        account = self._account
        if begin := _AUTOFOCUS.match(words):
            account.frame_fails(t, "A focus run began.")
            account.focus_begins(t, begin[1].strip() or "not told", temperature_c=_celsius(begin[2], begin[3]))
            self._chosen, self._sharpest, self._failure = None, None, ""
        elif size := _SIZE.match(words):
            if size[1] == "Find Focus Star" and account.focus is not None:  # its first look is where it stands
                account.focuser_stands(int(size[3]))
            else:
                account.focuser_at(int(size[3]))
            measure = float(size[2])
            if size[1] == "Calculate V-Curve":
                account.focus_point(float(size[3]), measure)
            elif size[1] == "Calculate Focus Point":
                self._sharpest = measure
        elif chosen := _CHOSEN.match(words):
            self._chosen = int(chosen[1])
        elif words.startswith("[AutoFocus|End]"):
            failed = self._failure or words.removeprefix("[AutoFocus|End]").strip()
            account.focus_ends(t, self._chosen, measure=self._sharpest, sentence=failed)
        elif account.focus is not None and ("failed" in words or "not found" in words or words.startswith("Cancel AF")):
            self._failure = words
        else:
            return False
        return True

    def _mount(self, t: float, words: str) -> bool:
        account = self._account
        if words == "Start Tracking":
            account.mount(t, tracking=True)
        elif words == "Stop Tracking" or words.startswith("Mount GoTo Home"):
            account.mount(t, tracking=False)
        elif words.startswith("[AutoCenter|End] The target is centered"):
            account.centered(t)
        elif wait := _WAIT.match(words):
            hours, minutes, seconds = (float(part or 0) for part in wait.groups())
            account.mount(t, flip_in_s=3600 * hours + 60 * minutes + seconds)
        elif re.match(r"^Meridian Flip \d+# Start", words):
            account.flip_begins(t)
        elif words.startswith("[Meridian Flip|End]"):
            account.flip_ends(t, words.removeprefix("[Meridian Flip|End]").strip() if "failed" in words else "")
        else:
            return False
        return True


def _celsius(text: str | None, unit: str | None) -> float | None:
    value = None if text is None else number(text)
    if value is None or unit not in ("℉", "°F"):
        return value
    return round((value - 32) / 1.8, 2)
