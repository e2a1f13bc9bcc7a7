"""Settings of a profile that are right each by itself, and cannot work together, or would do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from statefocus.errors import Problem
from statefocus.hosts.registry import host_names, takes_frames
from statefocus.hosts.registry import unknown as unknown_host
from statefocus.metrics.registry import metric_names, unknown
from statefocus.profile import DEFAULTS_OF_METRIC, Profile
from statefocus.profile.focusing import Compensation
from statefocus.profile.session import TemperatureTrigger
from statefocus.scales import SCALES
from statefocus.toml_text import Path as KeyPath
from statefocus.toml_text import did_you_mean, key_lines, line_of

_GUARD_DEVICES = {
    "tracking": "telescope",
    "unparked": "telescope",
    "flip_not_imminent": "telescope",
    "safe": "safety",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """A profile whose keys and values are right, and the text that it was read from."""

    profile: Profile
    text: str
    file: str

    def problems(self) -> Iterator[Problem]:
        """What keeps the profile from being used."""
        yield from _beyond_models(self)
        yield from _guards_without_source(self)
        yield from _temperatures_without_source(self)
        yield from _unknown_filters(self)
        yield from _unknown_metric(self)
        yield from _unknown_host(self)
        yield from _ignored(self)
        yield from _no_darks(self)
        if self.takes_plan and not self.profile.plan.jobs and "plan.jobs" in key_lines(self.text):
            yield self.no_frames()

    def doubts(self) -> Iterator[Problem]:
        """What is done as it says, though hardly anybody can want it."""
        yield from _tight_tolerance(self)
        if self.takes_plan and not self.profile.plan.jobs and "plan.jobs" not in key_lines(self.text):
            yield self.no_frames()

    @property
    def takes_plan(self) -> bool:
        """Whether statefocus itself takes the plan."""
        return self.profile.host.kind == "embedded"

    def no_frames(self) -> Problem:
        """A plan without frames: a night would be over before it begins."""
        sentence = "the plan has no frames, so `statefocus run` has nothing to take."
        hint = "Write what to take: [[plan.jobs]] with `frames` and `exposure_s`."
        line = key_lines(self.text).get("plan.jobs", 0)
        return Problem("empty-plan", self.file, line, sentence, hint)

    def told(self, code: str, key: str | KeyPath, sentence: str, hint: str = "") -> Problem:
        """A problem at the line of a key, or of the table that it would stand in."""
        path = tuple(key.split(".")) if isinstance(key, str) else key
        return Problem(code, self.file, line_of(self.text, path), sentence, hint)

    def first(self, *keys: str) -> str:
        """The first of some keys that the file holds, else the last of them."""
        lines = key_lines(self.text)
        return next((key for key in keys if key in lines), keys[-1])

    def suited(self, table: str, key: str) -> Any:
        """The default that a metric has for a setting instead of the usual one; None without any."""
        return DEFAULTS_OF_METRIC.get(self.profile.autofocus.metric, {}).get(table, {}).get(key)


def _beyond_models(read: Settings) -> Iterator[Problem]:
    """What needs the world to be checked: time zones, the calendar."""
    zone, starts_at = read.profile.site.time_zone, read.profile.plan.starts_at
    if zone not in available_timezones():
        sentence = f"`site.time_zone` is {zone!r}, which is no IANA time zone."
        yield read.told("bad-value", "site.time_zone", sentence, did_you_mean(zone, available_timezones()))
    try:
        datetime.fromisoformat(starts_at)
    except ValueError as error:
        yield read.told("bad-value", "plan.starts_at", f"`plan.starts_at` is {starts_at!r}: {error}.")


def _guards_without_source(read: Settings) -> Iterator[Problem]:
    """Facts that are to come from a device that the profile has no address for; they would block every night."""
    devices, guards = read.profile.devices, read.profile.guards
    if devices.embedded:
        return
    for guard, role in _GUARD_DEVICES.items():
        if getattr(guards, guard) == "device" and getattr(devices, role) is None:
            sentence = f"`guards.{guard}` comes from a device, and `devices.{role}` has no address: it would block."
            hint = f'Give the address, or set guards.{guard} = "not_used".'
            yield read.told("no-source", read.first(f"guards.{guard}", "devices.kind"), sentence, hint)


def _temperatures_without_source(read: Settings) -> Iterator[Problem]:
    """Temperatures that are to come from a device that the profile has no address for."""
    devices = read.profile.devices
    if devices.embedded or devices.conditions is not None:
        return
    users: dict[str, TemperatureTrigger | Compensation] = {
        "triggers.temperature": read.profile.triggers.temperature,
        "compensation": read.profile.compensation,
    }
    for key, user in users.items():
        if user.enabled and user.source != "focuser":
            sentence = f"`{key}.source` is {user.source!r}, and `devices.conditions` has no address."
            at = read.first(f"{key}.source", f"{key}.enabled", "devices.kind")
            yield read.told("no-source", at, sentence, "Give the address, or use the focuser's own sensor.")


def _unknown_filters(read: Settings) -> Iterator[Problem]:
    """Filters that are named, and that the wheel of the embedded observatory does not have."""
    profile = read.profile
    if not profile.devices.embedded:
        return
    wheel = [slot.name for slot in profile.observatory.filters.slots]
    jobs, acts = enumerate(profile.plan.jobs), enumerate(profile.host.rehearsal)
    named: list[tuple[KeyPath, str | None]] = [(("plan", "jobs", index, "filter"), job.filter) for index, job in jobs]
    named += [(("host", "rehearsal", index, "filter"), act.filter) for index, act in acts]
    for name, own in profile.filters.items():
        named += [(("filters", name), name), (("filters", name, "via"), own.via)]
    for path, other in named:
        if other is not None and other not in wheel:
            key = ".".join(str(part) for part in path)
            sentence = f"`{key}` names filter {other!r}, which the embedded observatory's wheel does not have."
            yield read.told("unknown-filter", path, sentence, did_you_mean(other, wheel))


def _unknown_metric(read: Settings) -> Iterator[Problem]:
    """A metric that neither statefocus nor another package on this machine has."""
    name = read.profile.autofocus.metric
    if name not in SCALES and name not in metric_names():
        yield read.told("unknown-metric", "autofocus.metric", f"`autofocus.metric`: {unknown(name)}")


def _unknown_host(read: Settings) -> Iterator[Problem]:
    """A host that neither statefocus nor another package on this machine has."""
    name = read.profile.host.kind
    if name not in host_names():
        yield read.told("unknown-host", "host.kind", f"`host.kind`: {unknown_host(name)}")
    elif read.profile.camera.source == "host" and not takes_frames(name):
        sentence = f'`camera.source` is "host", and host {name} takes no frames for others.'
        yield read.told("no-camera", "camera.source", sentence, 'Write "device", or "command" with your own command.')


def _ignored(read: Settings) -> Iterator[Problem]:
    """Settings that would have no effect with the metric that is chosen."""
    autofocus, fit, code = read.profile.autofocus, read.profile.fit, "ignored-setting"
    metric, by_hfr = autofocus.metric, autofocus.metric == "hfr"
    if autofocus.sweep == "learned" and not by_hfr:
        sentence = "`autofocus.sweep` is learned, which works by HFR only"
        sentence += f": with metric {metric} every sweep would be a full one."
        yield read.told(code, "autofocus.sweep", sentence, 'Write "full", or use metric "hfr".')
    suited = read.suited("fit", "model")
    if suited and fit.model == "joint":
        sentence = f"`fit.model` is joint, which goes by single stars, and metric {metric} tells none of them."
        yield read.told(code, "fit.model", sentence, f'Leave it out, or write "{suited}".')
    if fit.refine != "none" and (not by_hfr or fit.model in ("parabola", "lines")):
        sentence = f"`fit.refine` is {fit.refine}, and the forward model refines a hyperbola of HFR only."
        hint = 'Leave it out, or use metric "hfr" and model "joint", "hyperbola" or "auto".'
        yield read.told(code, "fit.refine", sentence, hint)


def _no_darks(read: Settings) -> Iterator[Problem]:
    """A folder of darks that is not there."""
    folder, key = read.profile.autofocus.dark_folder, "autofocus.dark_folder"
    if folder is not None and not Path(folder).is_dir():
        sentence = f"`{key}` is {folder!r}, and there is no such folder: {Path(folder).absolute()}."
        hint = "A relative path counts from where statefocus is started; without darks, leave it out."
        yield read.told("no-folder", key, sentence, hint)


def _tight_tolerance(read: Settings) -> Iterator[Problem]:
    """A tolerance that is meant for HFR, with a metric that goes by the square of it."""
    key, asked = "validation.tolerance_percent", read.profile.validation.tolerance_percent
    suited = read.suited("validation", "tolerance_percent")
    if suited and asked < suited:
        sentence = f"`{key}` is {asked:g} %, a limit for HFR: {read.profile.autofocus.metric} goes by its square, "
        sentence += "so frames in good focus may miss it."
        yield read.told("tight-limit", key, sentence, f"Leave it out, or write {suited:g}.")
