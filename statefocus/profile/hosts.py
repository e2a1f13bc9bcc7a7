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


class Gate(Section):
    """How calls of other programs are answered (docs/hosts); but for `port`, only host `gate` looks at it."""

    when_down: Literal["report", "go", "stop"] = Field(
        "report",
        description="What `statefocus gate` answers while no session can be reached: `report` exits 3, `go` lets the "
        "frame go (exit 0), `stop` stops the host (exit 1); each says so.",
    )
    on_pause: Literal["stop", "wait"] = Field(
        "stop",
        description="What it answers while `failure.policy` leaves the plan paused: `stop` exits 1, `wait` waits until "
        "`statefocus notify plan-resumed`.",
    )
    wait_min: float = Field(
        60.0,
        gt=0,
        le=1440,
        description="How long a call waits at most, where it does not say `--wait` itself; then it answers `busy`, "
        "exit 1.",
    )
    exposure_s: float = Field(
        600.0, gt=0, le=7200, description="How long the shutter may be open where a call does not say `--exposure`."
    )
    quiet_s: float = Field(
        300.0,
        ge=1,
        le=7200,
        description="With no exposure under way and no word for so long, the host's plan is taken to stand still.",
    )
    turn_filter: bool = Field(
        default=True,
        description="Whether statefocus turns the filter wheel, where the rig has one and it does not stand at the "
        "filter that a call names.",
    )
    file_wait_s: float = Field(
        20.0, ge=0, le=600, description="How long a frame's file may take to appear; the image history looks at it."
    )
    flip_after_meridian_min: float = Field(
        5.0,
        ge=0,
        le=120,
        description="How long after the transit the host flips; guard `flip_not_imminent` counts with it.",
    )
    port: int = Field(0, ge=0, le=65535, description="TCP port of the session on this machine; 0 takes a free one.")


class Nina(Section):
    """N.I.N.A. with its plug-in Advanced API (docs/hosts/nina.md); only host `nina`, which keeps to [host.gate] too."""

    address: str = Field("127.0.0.1", min_length=1, description="Name or IP address of the machine that runs N.I.N.A.")
    port: int = Field(1888, ge=1, le=65535, description="TCP port of its Advanced API.")
    connect_timeout_s: float = Field(3.0, gt=0, le=60, description="Time limit for reaching it.")
    read_timeout_s: float = Field(10.0, gt=0, le=120, description="Time limit for one answer.")
    image_timeout_s: float = Field(
        60.0,
        gt=0,
        le=600,
        description="Time limit for saving a focus frame, and for fetching it; only with camera.source = host.",
    )
    look_every_s: float = Field(20.0, ge=1, le=600, description="How often it is looked whether it still answers.")
    lost_after_s: float = Field(
        60.0, ge=1, le=3600, description="After so long without its events it counts as lost, and that is told."
    )
    own_autofocus: Literal["follow", "refuse"] = Field(
        "follow",
        description="N.I.N.A.'s own autofocus: `follow` takes its focus for ours, and every trigger begins anew (T11); "
        "`refuse` begins no session while one runs, and takes a later one for another hand (`focuser.other_hand`).",
    )
    autofocus_limit_min: float = Field(
        15.0,
        gt=0,
        le=240,
        description="An autofocus of N.I.N.A. that tells nothing for so long is over, and has failed.",
    )


class Guiding(Section):
    """The guiding of a host that lets it be paused, which are `ekos` and `nina` (A17)."""

    during_runs: Literal["pause", "leave"] = Field(
        "pause",
        description="`pause` lets guiding stand still while a run defocuses the telescope, and waits until it has "
        "settled before the plan goes on; `leave` lets it go on, as suits a guide telescope of its own.",
    )
    settle_arcsec: float = Field(
        2.0, gt=0, le=60, description="How far the guide star may be off where guiding has settled."
    )
    settle_s: float = Field(5.0, ge=0, le=300, description="How long it must stay within that.")
    timeout_s: float = Field(
        60.0, gt=0, le=600, description="After so long the plan goes on without, and a person is told."
    )


class Host(Section):
    """The program that runs the imaging session."""

    kind: str = Field(
        "embedded",
        min_length=1,
        description="`embedded` executes [plan] over the devices; `ekos` follows the sequence of a running KStars; "
        "`gate` attends any program that can call a script; `nina` follows N.I.N.A. by its Advanced API, and holds it "
        "at the gate; other packages may bring more (docs/hosts).",
    )
    gate: Gate = Field(default_factory=Gate, description="How scripts of another program are answered.")
    nina: Nina = Field(default_factory=Nina, description="Where N.I.N.A. is, and how it is followed.")
    rehearsal: tuple[Act, ...] = Field((), description="What a person does in a rehearsed night; only `embedded`.")
    guiding: Guiding = Field(
        default_factory=Guiding, description="What becomes of guiding during a run; only `ekos` and `nina`."
    )
    ekos: EkosSettings = Field(default_factory=EkosSettings, description="KStars/Ekos; only `ekos`.")
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="What a host of another package asks for."
    )
