"""A profile: one rig and the rules for its nights; every key, its default and its meaning, told once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from statefocus.profile.addresses import Address, IndiAddress
from statefocus.profile.base import Conflict, Section
from statefocus.profile.focusing import Autofocus, Compensation, Failure, FilterFocus, FilterSettings, Fit, Validation
from statefocus.profile.hosts import Act, Gate, Host, Nina
from statefocus.profile.observatory import ObservatorySettings
from statefocus.profile.rig import Camera, Devices, Focuser, Optics, Site, Tools
from statefocus.profile.session import Guards, Machines, Plan, PlanJob, Records, Triggers
from statefocus.scales import SCALES, Scale

SCHEMA: Final = 1

DEFAULTS_OF_METRIC: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "fwhm": {"fit": {"model": "hyperbola"}},
    "hfd-astap": {"fit": {"model": "hyperbola"}},
    "inverse-power": {"fit": {"model": "parabola"}, "validation": {"tolerance_percent": 20.0}},
}
"""What differs from HFR: these metrics tell no single stars that frames could share (F2), and the reciprocal of the
inverse power goes by the square of a star's size (F3, V1)."""

__all__ = [
    "DEFAULTS_OF_METRIC",
    "SCHEMA",
    "Act",
    "Address",
    "Autofocus",
    "Camera",
    "Compensation",
    "Devices",
    "Failure",
    "FilterFocus",
    "FilterSettings",
    "Fit",
    "Focuser",
    "Gate",
    "Guards",
    "Host",
    "IndiAddress",
    "Machines",
    "Nina",
    "Optics",
    "Plan",
    "PlanJob",
    "Profile",
    "Records",
    "Section",
    "Site",
    "Tools",
    "Triggers",
    "Validation",
]


class Profile(Section):
    """One rig and the rules for its nights."""

    schema_version: Literal[1] = Field(SCHEMA, alias="schema", description="Version of this file's format.")
    name: str = Field("embedded", min_length=1, description="Name of the rig, for logs and folders.")
    site: Site = Field(default_factory=Site, description="Where the telescope stands.")
    optics: Optics = Field(default_factory=Optics, description="Sets the critical focus zone.")
    devices: Devices = Field(default_factory=Devices, description="Where the devices are.")
    camera: Camera = Field(default_factory=Camera, description="Where focus frames come from.")
    host: Host = Field(default_factory=Host, description="Who runs the imaging plan.")
    plan: Plan = Field(default_factory=Plan, description="The embedded host's imaging plan.")
    focuser: Focuser = Field(default_factory=Focuser, description="How the focuser is moved.")
    autofocus: Autofocus = Field(default_factory=Autofocus, description="The sweep.")
    filters: dict[str, FilterSettings] = Field(default_factory=dict, description="How each filter is focused, by name.")
    fit: Fit = Field(default_factory=Fit, description="The curve and its verdicts.")
    validation: Validation = Field(default_factory=Validation, description="The frame at the new position.")
    failure: Failure = Field(default_factory=Failure, description="What a failed run leads to.")
    triggers: Triggers = Field(default_factory=Triggers, description="What makes a refocus due.")
    guards: Guards = Field(default_factory=Guards, description="What a refocus needs.")
    compensation: Compensation = Field(default_factory=Compensation, description="Temperature compensation.")
    machines: Machines = Field(default_factory=Machines, description="Edited copies of the machine files.")
    tools: Tools = Field(default_factory=Tools, description="Other programs.")
    records: Records = Field(default_factory=Records, description="Where the night's records go.")
    observatory: ObservatorySettings = Field(
        default_factory=ObservatorySettings, description="The simulated observatory; only with devices.kind = embedded."
    )

    @property
    def scale(self) -> Scale:
        """How the metric of its runs is told to people."""
        autofocus = self.autofocus
        told = Scale(autofocus.metric, autofocus.metric_unit or "", autofocus.metric_better == "larger")
        return SCALES.get(autofocus.metric, told)

    @property
    def cfz_um(self) -> float:
        """Critical focus zone, um: 4.88 x wavelength x f_ratio^2."""
        return 4.88 * self.optics.wavelength_um * self.optics.f_ratio**2

    @property
    def cfz_steps(self) -> float:
        """Critical focus zone in focuser steps."""
        return self.cfz_um / self.focuser.um_per_step

    @field_validator("name")
    @classmethod
    def _is_no_path(cls, name: str) -> str:
        if "/" in name or "\\" in name or name.startswith("."):
            message = "a name is no path: files are named after it, within records.folder"
            raise ValueError(message)
        return name

    @property
    def smart_focus(self) -> bool:
        """Whether smart focus is used (A9): as the profile says, or else for a telescope without an obstruction."""
        wanted = self.autofocus.smart_focus
        return not self.optics.obstruction_percent if wanted is None else wanted

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_metric(cls, tree: Any) -> Any:
        """Take the defaults that suit the metric, for what the file leaves out; see `DEFAULTS_OF_METRIC`."""
        autofocus = tree.get("autofocus") if isinstance(tree, dict) else None
        metric = autofocus.get("metric") if isinstance(autofocus, dict) else None
        others = DEFAULTS_OF_METRIC.get(metric, {}) if isinstance(metric, str) else {}
        if not others:
            return tree
        sections = {name: tree.get(name, {}) for name in others}
        return tree | {name: {**others[name], **own} for name, own in sections.items() if isinstance(own, dict)}

    @model_validator(mode="after")
    def _devices_exist(self) -> Profile:
        if not self.devices.embedded:
            needed = ("camera", "focuser") if self.camera.source == "device" else ("focuser",)
            missing = [name for name in needed if getattr(self.devices, name) is None]
            if missing:
                message = f'devices.kind = "{self.devices.kind}" needs an address for {" and ".join(missing)}'
                raise Conflict(message, ("devices", "kind"))
        return self

    @model_validator(mode="after")
    def _offsets_are_known(self) -> Profile:
        for name, own in self.filters.items():
            other = self.filters.get(own.via or "")
            if own.focus == "via" and (own.via is None or own.via == name):
                message = f'filters.{name}.focus = "via" needs filters.{name}.via, the name of another filter'
                raise Conflict(message, ("filters", name, "via"), ("filters", name, "focus"))
            if own.focus == "via" and None in (own.offset_steps, other.offset_steps if other else None):
                message = f"filters.{name} is focused via {own.via}, and needs offset_steps of both"
                raise Conflict(message, ("filters", name, "offset_steps"), ("filters", name, "via"))
            if own.focus == "offset" and own.offset_steps is None and not own.last_position:
                message = f'filters.{name}.focus = "offset" needs filters.{name}.offset_steps'
                raise Conflict(message, ("filters", name, "focus"))
        return self
