"""N.I.N.A.'s log: `time|LEVEL|file|member|line|message`, local times; its own autofocus and Hocus Focus alike.

What is read are the messages of SequenceItem, SequenceTrigger, FocuserVM, FocuserMediator, FilterWheelVM, StarDetection
and MeridianFlipVM (source of N.I.N.A. 2 and 3), so that plug-ins which start the same items are understood too.
"""

from __future__ import annotations

import re
from datetime import datetime

from statefocus.importing.account import Account
from statefocus.importing.lines import LocalClock, number

TITLE = "N.I.N.A."
SIGN = "2026-03-30T21:36:26.4693|INFO|SequenceItem.cs|Run|208|Starting Category: Focuser, Item: RunAutofocus"
WITH_ZONE = False
CANNOT_TELL = (
    "temperature between its focus runs",
    "whether the mount tracks at each moment",
    "safety monitor and clouds",
    "the time to the next meridian flip",
    "where the focuser stands, unless a line sends it there, so neither where a run without any such line ended",
    "the focuser's scale, its largest position and its backlash",
)

_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z?\|([A-Z]+)\|([^|]*)\|([^|]*)\|(\d*)\|(.*)$")
_BANNER = re.compile(r"^-{3,}.*?-{0,}$")
_VERSION = re.compile(r"^-+Version ([\w.]+)-+$")
_ITEM = re.compile(r"^(Starting|Finishing) Category: ?([^,]*), Item: (\w+)(?:, (.*))?$")
_EXPOSURE = re.compile(r"ExposureTime (\d+(?:[.,]\d+)?)")
_TYPE = re.compile(r"ImageType (\w+)")
_BINNING = re.compile(r"Binning (\d)x\d")
_HFR = re.compile(r"^Average HFR: (-?\d[\d.]*(?:,\d+)?), HFR (?:MAD|\u03c3)")
_STARS = re.compile(r"Detected Stars (\d+)")
_MOVE = re.compile(r"^Moving Focuser to position (-?\d+)")
_START = re.compile(r"^Starting AutoFocus with initial position (-?\d+)")
_CHOSEN = re.compile(r"^AutoFocus completed with focuser starting at -?\d+ and ending at (-?\d+)")
_NOTIFIED = re.compile(r"^Autofocus notification received - Temperature (-?[\d.,]+)")
_FILTER = re.compile(r"^Moving to Filter (.+?) at Position \d+")
_RESTORED = re.compile(r"^Restoring filter to (.+?) after centering")
_TRIGGER = re.compile(
    r"^Starting (?:Trigger: |Category: [^,]*, (?:Item|Trigger): )(\w*Autofocus\w*|\w*AutoFocus\w*)(?:, (.*))?$"
)
_MEASURED_WITHIN_S = 120.0


class Log:
    """Takes the lines of one log."""

    def __init__(self, account: Account, clock: LocalClock) -> None:
        self._account, self._clock = account, clock
        self.version = ""
        self.first_t, self.last_t = float("inf"), float("-inf")
        self._trigger = ""
        self._failure = ""
        self._chosen: int | None = None
        self._temperature: float | None = None
        self._moved = False
        self._wheel: str | None = None

    def take(self, text: str) -> str:
        """Take a line; gives `told`, `unused` or `unknown` (a continued message, a torn line)."""
        line = _LINE.match(text)
        if line is None:
            if version := _VERSION.match(text):
                self.version = version[1]
            return "unused" if _BANNER.match(text) else "unknown"
        try:
            moment = datetime.fromisoformat(f"{line[1]}.{(line[2] or '0')[:6]:0<6}")
            t = self._clock.unix(moment)
        except (ValueError, OverflowError):
            return "unknown"
        self.first_t, self.last_t = min(self.first_t, t), max(self.last_t, t)
        words = line[7].strip()
        told = self._item(t, words) or self._focus(t, line[3], words) or self._rest(t, line[4], words)
        return "told" if told else "unused"

    def _item(self, t: float, words: str) -> bool:
        item = _ITEM.match(words)
        if item is None:
            return False
        starting, name, more = item[1] == "Starting", item[3], item[4] or ""
        if re.fullmatch(r"Take\w*Exposure\w*", name):
            self._exposure(t, more, starting=starting)
        elif name == "RunAutofocus":
            if starting:
                self._begin(t)
            else:
                self._end(t)
        elif name.startswith("Center") and not starting:
            self._account.centered(t)
        elif name.startswith("MoveFocuser"):
            self._account.focuser_moves()
        elif name == "SwitchFilter" and not starting and more.startswith("Filter: "):
            self._turned(t, more.removeprefix("Filter: ").strip())
        elif name in ("ParkScope", "UnparkScope") and not starting:
            self._account.mount(t, parked=name == "ParkScope", **({"tracking": False} if name == "ParkScope" else {}))
        else:
            return False
        return True

    def _exposure(self, t: float, more: str, *, starting: bool) -> None:
        account = self._account
        exposure = _EXPOSURE.search(more)
        seconds = (number(exposure[1]) if exposure else None) or 0.0
        if starting:
            kind, binning = _TYPE.search(more), _BINNING.search(more)
            name = kind[1].capitalize() if kind else "Light"
            known = name if name in ("Dark", "Flat", "Bias") else "Light"
            account.frame_starts(t, seconds, frame_type=known, binning=int(binning[1]) if binning else 1)
        elif account.frame is not None:
            account.frame_ends(min(account.frame.started_t + seconds, t), t)

    def _turned(self, t: float, name: str) -> None:
        self._wheel = None
        self._account.filter_is(t, name)

    def _begin(self, t: float) -> None:
        if self._account.focus is None:
            self._account.focus_begins(t, self._trigger or "RunAutofocus")
            self._trigger, self._failure, self._chosen, self._temperature, self._moved = "", "", None, None, False

    def _end(self, t: float) -> None:
        account = self._account
        position = self._chosen if self._chosen is not None or not self._moved else account.position
        sentence = self._failure
        if position is None and not sentence:
            sentence = "The log tells that this run ended, and not at which position."
        best = min((measure for _, measure in account.focus.points), default=None) if account.focus else None
        known = bool(self._failure) or position is not None
        account.focus_ends(
            t,
            None if self._failure else position,
            measure=best,
            temperature_c=self._temperature,
            sentence=sentence,
            known=known,
        )

    def _focus(self, t: float, level: str, words: str) -> bool:
        account = self._account
        if move := _MOVE.match(words):
            account.focuser_at(int(move[1]))
            self._moved = True
        elif words.startswith("Autofocus starting notification"):
            self._begin(t)
        elif account.focus is None:
            return False
        elif start := _START.match(words):
            account.focuser_stands(int(start[1]))
        elif measured := _HFR.match(words):
            value = number(measured[1])
            if value is not None and value > 0 and account.position is not None:
                account.focus_point(float(account.position), value)
        elif chosen := _CHOSEN.match(words):
            self._chosen = int(chosen[1])
        elif notified := _NOTIFIED.match(words):
            self._temperature = number(notified[1])
        elif level == "ERROR" or "did not complete successfully" in words or words.startswith("Auto Focus Failed"):
            self._failure = words[:200]
        else:
            return False
        return True

    def _rest(self, t: float, file: str, words: str) -> bool:
        account = self._account
        if trigger := _TRIGGER.match(words):
            self._trigger = f"{trigger[1]} {trigger[2] or ''}".strip()
        elif wheel := _FILTER.match(words):
            self._wheel = wheel[1]
            account.filter_turns(t, wheel[1])
        elif restored := _RESTORED.match(words):
            account.filter_is(t, restored[1])
            account.centered(t)
        elif measured := _HFR.match(words):
            value = number(measured[1])
            if value is not None and value > 0:
                stars = _STARS.search(words)
                account.frame_shows(t, value, int(stars[1]) if stars else None, within_s=_MEASURED_WITHIN_S)
        elif "MeridianFlipTrigger" in words and words.startswith("Starting"):
            account.flip_begins(t)
        elif file == "MeridianFlipVM.cs" and "flip" in words.lower():
            return self._flip(t, words.lower())
        else:
            return False
        return True

    def _flip(self, t: float, words: str) -> bool:
        if "initializing" in words:
            self._account.flip_begins(t)
        elif "failed" in words:
            self._account.flip_ends(t, "The meridian flip failed.")
        elif "exiting" in words:
            self._account.flip_ends(t)
        else:
            return False
        return True
