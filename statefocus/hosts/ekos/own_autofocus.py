"""Ekos's own autofocus in sequence: what a sequence file tells of it, and why both cannot be on."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from statefocus.errors import Refused

OWN_AUTOFOCUS = {
    "Autofocus": "autofocus by HFR",
    "HFRCheck": "autofocus by HFR",
    "RefocusOnTemperatureDelta": "refocus on a temperature change",
    "RefocusEveryN": "refocus every so many minutes",
    "RefocusOnMeridianFlip": "refocus after a meridian flip",
}
"""What sequence files call Ekos's own autofocus in sequence (newer ones HFRCheck), and what its Capture module does."""


def own_autofocus_of(sequence: str) -> list[str] | None:
    """Tell what a sequence file switches on of Ekos's own autofocus; None where it does not tell.

    >>> own_autofocus_of("<SequenceQueue><RefocusEveryN enabled='true'>60</RefocusEveryN></SequenceQueue>")
    ['refocus every so many minutes']
    >>> own_autofocus_of("<SequenceQueue/>") is None
    True
    """
    try:
        root = ET.fromstring(sequence)  # noqa: S314  # written by the user's own KStars a moment ago
    except ET.ParseError:
        return None
    if all(root.find(tag) is None for tag in OWN_AUTOFOCUS):
        return None
    return [said for tag, said in OWN_AUTOFOCUS.items() if root.find(f"{tag}[@enabled='true']") is not None]


def refuse_own_autofocus(active: list[str] | None) -> None:
    """Say no where Ekos focuses by itself: two programs would fight over the focuser.

    Raises
    ------
    Refused
        Where some of it is switched on, or where it cannot be told.
    """
    if active is None:
        raise Refused(
            "Ekos does not tell whether it focuses by itself during its sequence: the sequence file that it was asked "
            "to save cannot be read. See in its Capture module that this is switched off, and set "
            'own_autofocus = "tolerate" in [host.ekos].'
        )
    if active:
        raise Refused(
            f"Ekos focuses by itself during its sequence ({', '.join(active)}): switch that off in its Capture "
            'module, or set own_autofocus = "tolerate" in [host.ekos].'
        )
