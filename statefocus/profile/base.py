"""What every section of a profile has in common: frozen, no unknown keys, a description for each key."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Conflict(ValueError):
    """Keys of a profile that do not go together.

    Parameters
    ----------
    sentence
        What is wrong, and what is wanted.
    keys
        Paths of the keys involved, from the section that checks them; the one that a person would change first.
    """

    def __init__(self, sentence: str, *keys: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.keys = keys


class Section(BaseModel):
    """One table of a profile."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
