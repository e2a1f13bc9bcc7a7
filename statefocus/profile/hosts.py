"""The program that runs the imaging session, and what each kind of it is told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from statefocus.profile.base import Conflict, Section


class Act(Section):
    """Something a person does in a rehearsed night."""

    at_min: float = Field(ge=0, le=100_000, description="Minutes from the session's start.")
    do: Literal[
        "refocus_requested",
        "run_requested",
        "cancel_requested",
        "triggers_paused",
        "triggers_resumed",
        "aid_opened",
        "aid_closed",
        "plan_paused",
        "plan_resumed",
        "answered_yes",
        "answered_no",
        "centered",
        "filter_by_hand",
        "focuser_by_hand",
    ] = Field(description="What is done.")
    filter: str | None = Field(None, description="Which filter, for filter_by_hand.")
    steps: int | None = Field(
        None, ge=-100_000, le=100_000, description="How far, outward positive, for focuser_by_hand."
    )
    aid: str = Field("Bahtinov Aid", description="Which focusing aid, for aid_opened and aid_closed.")

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Act:
        if self.do == "filter_by_hand" and not self.filter:
            message = 'do = "filter_by_hand" needs `filter`, the name of the one that is turned to'
            raise Conflict(message, ("do",))
        if self.do == "focuser_by_hand" and not self.steps:
            message = 'do = "focuser_by_hand" needs `steps`, how far it is turned'
            raise Conflict(message, ("do",))
        return self


class EkosSettings(Section):
    """KStars/Ekos, reached over D-Bus."""

    bus: str = Field("", description="D-Bus address; empty for the session bus of the environment.")
    own_autofocus: Literal["refuse", "tolerate"] = Field(
        "refuse",
        description="`refuse` begins no run while Ekos's own autofocus in sequence is on; `tolerate` lets both "
        "focus, each where it wants to.",
    )
    flip_after_meridian_min: float | None = Field(
        None,
        ge=-120,
        le=720,
        description="Minutes past the meridian at which Ekos flips, as set in its Mount module; absent where it does "
        "not flip.",
    )
    answer_timeout_s: float = Field(5.0, gt=0, le=120, description="Time limit for one answer of KStars.")
    resume_timeout_s: float = Field(15.0, gt=0, le=600, description="Time limit for the sequence to go on.")


class Host(Section):
    """The program that runs the imaging session."""

    kind: str = Field(
        "embedded",
        min_length=1,
        description="`embedded` executes [plan] over the devices; `ekos` follows the sequence of a running KStars "
        "(docs/hosts/ekos.md); other packages may bring more.",
    )
    rehearsal: tuple[Act, ...] = Field((), description="What a person does in a rehearsed night; only `embedded`.")
    ekos: EkosSettings = Field(default_factory=EkosSettings, description="KStars/Ekos; only `ekos`.")
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="What a host of another package asks for."
    )
