"""The words of `gate`, `notify` and `ctl`: what each may say, for the callers and for the session that reads them.

Nothing heavier than builtins is imported: a gate call is to be over in a fraction of the time of an import of typer.
"""

from __future__ import annotations

FRAME_TYPES = {name.lower(): name for name in ("Light", "Dark", "Flat", "Bias")}
YES_NO = {"yes": True, "no": False}
LONGEST = 1000
"""Characters of a text; a path may be long, a book is none."""


_LEAST = {"number": 0, "whole": 0, "count": 1}
"""Kinds that are numbers, and the least of each."""


class Unsaid(ValueError):
    """What was said is no word of the list; the message is a sentence for a person."""


class Option:
    """One thing that a word may tell.

    Parameters
    ----------
    name
        As in `--name`, without the dashes.
    kind
        `text`, `number`, `whole`, `count`, `yes-no`, `frame`, or allowed texts divided by `|`.
    says
        What it tells, for --help.
    """

    __slots__ = ("kind", "name", "needed", "says")

    def __init__(self, name: str, kind: str, says: str, *, needed: bool = False) -> None:
        self.name, self.kind, self.says, self.needed = name, kind, says, needed

    @property
    def key(self) -> str:
        """Its name in JSON."""
        return self.name.replace("-", "_")

    def read(self, text: str) -> object:
        """Read what a person typed.

        Raises
        ------
        Unsaid
            Where it is none of what is allowed.
        """
        if self.kind in _LEAST:
            try:
                return self.check(float(text) if self.kind == "number" else int(text))
            except ValueError as error:
                raise self._wrong(text) from error
        if self.kind == "yes-no":
            return self.check(YES_NO.get(text.lower(), text))
        return self.check(text)

    def check(self, value: object) -> object:
        """Check what JSON told; gives it as it is used.

        Raises
        ------
        Unsaid
            Where it is none of what is allowed.
        """
        if isinstance(value, (int, float)) and value < _LEAST.get(self.kind, value):
            raise self._wrong(value)
        if self.kind == "number" and type(value) in (int, float) and abs(value) < 1e9:  # type: ignore[arg-type]
            return float(value)  # type: ignore[arg-type]
        if self.kind in ("whole", "count") and type(value) is int and abs(value) < 10**9:
            return value
        if self.kind == "yes-no" and type(value) is bool:
            return value
        if isinstance(value, str) and 0 < len(value) <= LONGEST:
            if self.kind == "text":
                return value
            if self.kind == "frame" and value.lower() in FRAME_TYPES:
                return FRAME_TYPES[value.lower()]
            if value in self.kind.split("|"):
                return value
        raise self._wrong(value)

    def _wrong(self, value: object) -> Unsaid:
        return Unsaid(f"--{self.name} {str(value)[:60]}: write {self.allowed}.")

    @property
    def allowed(self) -> str:
        """What may be written."""
        numbers = {"number": "a number, 0 or more", "whole": "a whole number, 0 or more"}
        kinds = {**numbers, "count": "a whole number, 1 or more", "text": "a text", "yes-no": "yes or no"}
        if self.kind == "frame":
            return "light, dark, flat or bias"
        return kinds.get(self.kind, self.kind.replace("|", " or "))


class Word:
    """Something that may be said: its name, what it means, what it may tell; `flags` are told without a value."""

    __slots__ = ("flags", "name", "options", "says")

    def __init__(self, name: str, says: str, *options: Option, flags: tuple[tuple[str, str], ...] = ()) -> None:
        self.name, self.says, self.options, self.flags = name, says, options, dict(flags)

    def check(self, told: dict[str, object]) -> dict[str, object]:
        """Check all that JSON told, what is null left out.

        Raises
        ------
        Unsaid
            Where something is unknown, wrong or missing.
        """
        known = {option.key: option for option in self.options}
        said: dict[str, object] = {}
        for key, value in told.items():
            if key in self.flags and type(value) is bool:
                said[key] = value
            elif key not in known:
                raise Unsaid(f"`{self.name}` does not tell `{key[:60]}`.")
            elif value is not None:
                said[key] = known[key].check(value)
        for option in self.options:
            if option.needed and option.key not in said:
                raise Unsaid(f"`{self.name}` needs --{option.name}.")
        return said


_TYPE = Option("type", "frame", "Light, Dark, Flat or Bias; that of the gate call where it is left out.")
_FILTER = Option("filter", "text", "Name of the filter.")
_EXPOSURE = Option("exposure", "number", "Seconds for which the shutter is open.")

GATE = Word(
    "gate",
    "Wait until the next frame may start: exit 0 to take it, 1 to stop (`busy`: to call again), 3 where no session "
    "can be reached.",
    Option("frame", "frame", "What is taken next: light, dark, flat or bias; light where it is left out."),
    Option("filter", "text", "Filter of the next frame."),
    _EXPOSURE,
    Option("host", "text", "Name of the program, the same in each of its calls; else their parent process counts."),
)

EVENTS = {
    word.name: word
    for word in (
        Word(
            "plan-started",
            "A plan begins; its first gate call tells of which frames.",
            Option("frames", "whole", "How many frames it has."),
            flags=(("resumed", "It goes on where it was left."),),
        ),
        Word("plan-finished", "The plan is done.", Option("reason", "text", "Why, where it ended early.")),
        Word("plan-paused", "The plan was paused.", Option("by", "text", "By whom; person where it is left out.")),
        Word("plan-resumed", "The plan goes on.", Option("by", "text", "By whom; person where it is left out.")),
        Word("exposure-started", "The shutter opened.", _TYPE, _FILTER, _EXPOSURE),
        Word("exposure-ended", "The shutter closed."),
        Word("exposure-failed", "The exposure gave no frame.", Option("why", "text", "What went wrong.")),
        Word(
            "frame-saved",
            "A frame was saved.",
            Option("file", "text", "Its FITS file; the image history looks into it (T10)."),
            _TYPE,
            _FILTER,
            Option("binning", "count", "Binning; 1 where it is left out."),
            Option("hfr", "number", "Its HFR in px, where the host has measured it."),
            Option("stars", "whole", "How many stars it shows."),
        ),
        Word("filter-changing", "The filter wheel begins to turn.", Option("filter", "text", "To which.", needed=True)),
        Word(
            "filter-changed",
            "The filter wheel has turned.",
            Option("filter", "text", "To which.", needed=True),
            Option("by", "plan|hand", "By the plan, or by hand; plan where it is left out."),
        ),
        Word("flip-started", "A meridian flip begins."),
        Word("flip-finished", "The mount has flipped.", Option("pier-side", "text", "Where it is now.")),
        Word(
            "centering-finished",
            "The target was centred.",
            Option("by", "plan|hand", "By the plan, or by hand; plan where it is left out."),
        ),
        Word(
            "host-refocused",
            "The host ran its own autofocus.",
            Option("position", "whole", "Where it found the focus."),
            Option("filter", "text", "In which filter."),
            flags=(("failed", "It found none."),),
        ),
        Word("aid-opened", "A focusing aid was opened.", Option("aid", "text", "Which; Bahtinov Aid if left out.")),
        Word("aid-closed", "A focusing aid was closed.", Option("aid", "text", "Which; Bahtinov Aid if left out.")),
        Word(
            "mount-read",
            "What the mount does, for guards whose source is `notification`.",
            Option("tracking", "yes-no", "Whether it tracks."),
            Option("parked", "yes-no", "Whether it is parked."),
            Option("flip-in", "number", "Seconds to the next meridian flip."),
            Option("east", "yes-no", "Whether the telescope looks east of the meridian."),
        ),
        Word(
            "safety-read",
            "What the safety monitor says, for a guard whose source is `notification`.",
            Option("safe", "yes-no", "Whether it is safe.", needed=True),
        ),
    )
}

CTL = {
    word.name: word
    for word in (
        Word("status", "Tell what the session does, in one JSON line."),
        Word("pause", "Pause all triggers; no setting changes (T12)."),
        Word("resume", "Resume all triggers (T12)."),
        Word("asap", "Refocus as soon as possible (T6)."),
        Word("focus", "Run the autofocus now, by hand."),
        Word("again", "Run it again, around the last best position (A11)."),
        Word("undo", "Return to the last focus position (A12)."),
        Word("cancel", "Cancel the run under way (A12)."),
        Word("confirm", "Answer the question that is open (T4).", flags=(("no", "The answer is no."),)),
        Word("stop", "End the session, as Ctrl-C does."),
    )
}
