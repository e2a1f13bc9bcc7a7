"""What every section of a profile has in common: frozen, no unknown keys, a description for each key."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of a profile."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
