"""Reads what people write, profiles and machine files, from disk; every problem at once, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pydantic
from pydantic import BaseModel

from statefocus.errors import DefinitionError, Problem, ProfileError, UsageError, why_unread
from statefocus.machine.checking import load
from statefocus.machine.definition import Definition, Source
from statefocus.machine.proving import Proof, prove
from statefocus.machine.reading import LARGEST_TEXT, misplaced, part_names
from statefocus.metrics.registry import metric_names, scale_of_metric, unknown
from statefocus.profile import DEFAULTS_OF_METRIC, Profile
from statefocus.profile.base import Conflict
from statefocus.scales import SCALES
from statefocus.session import MACHINES, VOCABULARY
from statefocus.toml_text import Path as KeyPath
from statefocus.toml_text import did_you_mean, key_lines, line_of, parse

_GUARD_DEVICES = {
    "tracking": "telescope",
    "unparked": "telescope",
    "flip_not_imminent": "telescope",
    "safe": "safety",
}


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile that was read.

    Attributes
    ----------
    origins
        Where each value that is no default came from: dotted key to file:line.
    doubts
        What it asks for and is done, though hardly anybody can want it.
    """

    profile: Profile
    origins: Mapping[str, str]
    file: str
    doubts: tuple[Problem, ...] = ()


def load_profile(path: Path | None) -> LoadedProfile:
    """Read a profile; without a path, the one of the embedded observatory.

    Raises
    ------
    ProfileError
        With every problem found.
    UsageError
        Where the file cannot be read.
    """
    if path is None:
        text = resources.files("statefocus.config").joinpath("embedded.toml").read_text("utf-8")
        return read_profile(text, "config/embedded.toml")
    try:
        return read_profile(_text_of(path), str(path))
    except FileNotFoundError:
        raise UsageError(f"There is no profile {path}: give the path of a TOML file, or none at all.") from None
    except (OSError, UnicodeError) as error:
        raise UsageError(f"The profile {path} cannot be read: {why_unread(error)}.") from None


def _text_of(path: Path) -> str:
    """Read what a person wrote, and no more than that could be: a device file has no end."""
    with path.open("r", encoding="utf-8-sig") as file:
        return file.read(LARGEST_TEXT + 1)


def read_profile(text: str, file: str) -> LoadedProfile:
    """Read a profile's text; see `load_profile`."""
    tree, problems = parse(text, file)
    if problems:
        raise ProfileError(problems)
    try:
        profile = Profile.model_validate(tree)
    except pydantic.ValidationError as error:
        raise ProfileError([_problem(text, file, tree, told) for told in error.errors()]) from None
    lines = key_lines(text)
    problems = [
        *_beyond_models(profile, file, lines),
        *_without_source(profile, file, lines),
        *_unknown_filters(profile, file, text),
        *_unknown_metric(profile, file, lines),
        *_ignored(profile, file, text),
        *_no_darks(profile, file, text),
    ]
    doubts = [*_tight_tolerance(profile, file, text)]
    if not profile.plan.jobs:
        (problems if "plan.jobs" in lines else doubts).append(_no_frames(file, lines))
    if problems:
        raise ProfileError([*problems, *(doubt for doubt in doubts if doubt.line)])
    origins = {key: f"{file}:{lines[key]}" if key in lines else file for key in _keys(tree)}
    return LoadedProfile(_with_scale(profile), origins, file, tuple(doubts))


def load_for_night(path: Path | None) -> LoadedProfile:
    """Read a profile whose plan is to be taken; see `load_profile`.

    Raises
    ------
    ProfileError
        Also where the plan has no frames.
    """
    loaded = load_profile(path)
    if not loaded.profile.plan.jobs:
        raise ProfileError([_no_frames(loaded.file, {})])
    return loaded


def _no_frames(file: str, lines: Mapping[str, int]) -> Problem:
    """A plan without frames: a night would be over before it begins."""
    sentence = "the plan has no frames, so `statefocus run` has nothing to take."
    hint = "Write what to take: [[plan.jobs]] with `frames` and `exposure_s`."
    return Problem("empty-plan", file, lines.get("plan.jobs", 0), sentence, hint)


def _ignored(profile: Profile, file: str, text: str) -> Iterator[Problem]:
    """Settings that would have no effect with the metric that is chosen."""
    metric, sweep, model = profile.autofocus.metric, "autofocus.sweep", "fit.model"
    if metric != "hfr" and profile.autofocus.sweep == "learned":
        sentence = (
            f"`{sweep}` is learned, which works by HFR only: with metric {metric} every sweep would be a full one."
        )
        yield Problem(
            "ignored-setting",
            file,
            line_of(text, ("autofocus", "sweep")),
            sentence,
            'Write "full", or use metric "hfr".',
        )
    suited = DEFAULTS_OF_METRIC.get(metric, {}).get("fit", {}).get("model")
    if suited and profile.fit.model == "joint":
        sentence = f"`{model}` is joint, which goes by single stars, and metric {metric} tells none of them."
        yield Problem(
            "ignored-setting", file, line_of(text, ("fit", "model")), sentence, f'Leave it out, or write "{suited}".'
        )
    refine = "fit.refine"
    if profile.fit.refine != "none" and (metric != "hfr" or profile.fit.model in ("parabola", "lines")):
        sentence = f"`{refine}` is {profile.fit.refine}, and the forward model refines a hyperbola of HFR only."
        hint = 'Leave it out, or use metric "hfr" and model "joint", "hyperbola" or "auto".'
        yield Problem("ignored-setting", file, line_of(text, ("fit", "refine")), sentence, hint)


def _no_darks(profile: Profile, file: str, text: str) -> Iterator[Problem]:
    """A folder of darks that is not there."""
    folder, key = profile.autofocus.dark_folder, "autofocus.dark_folder"
    if folder is not None and not Path(folder).is_dir():
        sentence = f"`{key}` is {folder!r}, and there is no such folder: {Path(folder).absolute()}."
        hint = "A relative path counts from where statefocus is started; without darks, leave it out."
        yield Problem("no-folder", file, line_of(text, ("autofocus", "dark_folder")), sentence, hint)


def _tight_tolerance(profile: Profile, file: str, text: str) -> Iterator[Problem]:
    """A tolerance that is meant for HFR, with a metric that goes by the square of it."""
    key, metric = "validation.tolerance_percent", profile.autofocus.metric
    suited = DEFAULTS_OF_METRIC.get(metric, {}).get("validation", {}).get("tolerance_percent")
    if suited and profile.validation.tolerance_percent < suited:
        told = f"{profile.validation.tolerance_percent:g} %, a limit for HFR"
        sentence = f"`{key}` is {told}: {metric} goes by its square, so frames in good focus may miss it."
        yield Problem(
            "tight-limit",
            file,
            line_of(text, ("validation", "tolerance_percent")),
            sentence,
            f"Leave it out, or write {suited:g}.",
        )


def _beyond_models(profile: Profile, file: str, lines: Mapping[str, int]) -> Iterator[Problem]:
    """What needs the world to be checked: time zones, the calendar."""
    zone = profile.site.time_zone
    if zone not in available_timezones():
        hint = did_you_mean(zone, available_timezones())
        sentence = f"`site.time_zone` is {zone!r}, which is no IANA time zone."
        yield Problem("bad-value", file, lines.get("site.time_zone", 0), sentence, hint)
    try:
        datetime.fromisoformat(profile.plan.starts_at)
    except ValueError as error:
        sentence = f"`plan.starts_at` is {profile.plan.starts_at!r}: {error}."
        yield Problem("bad-value", file, lines.get("plan.starts_at", 0), sentence)


def _without_source(profile: Profile, file: str, lines: Mapping[str, int]) -> Iterator[Problem]:
    """Facts that are to come from a device that the profile has no address for; they would block every night."""
    devices, guards = profile.devices, profile.guards
    if devices.kind == "embedded":
        return
    for guard, role in _GUARD_DEVICES.items():
        if getattr(guards, guard) == "device" and getattr(devices, role) is None:
            sentence = f"`guards.{guard}` comes from a device, and `devices.{role}` has no address: it would block."
            hint = f'Give the address, or set guards.{guard} = "not_used".'
            line = lines.get(f"guards.{guard}", lines.get("devices.kind", 0))
            yield Problem("no-source", file, line, sentence, hint)
    temperature, compensation = profile.triggers.temperature, profile.compensation
    users = (
        ("triggers.temperature", temperature.enabled, temperature.source),
        ("compensation", compensation.enabled, compensation.source),
    )
    for key, enabled, source in users:
        if enabled and source != "focuser" and devices.conditions is None:
            sentence = f"`{key}.source` is {source!r}, and `devices.conditions` has no address."
            line = lines.get(f"{key}.source") or lines.get(f"{key}.enabled") or lines.get("devices.kind", 0)
            yield Problem("no-source", file, line, sentence, "Give the address, or use the focuser's own sensor.")


def _unknown_filters(profile: Profile, file: str, text: str) -> Iterator[Problem]:
    """Filters that are named, and that the wheel of the embedded observatory does not have."""
    if profile.devices.kind != "embedded":
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
            yield Problem("unknown-filter", file, line_of(text, path), sentence, did_you_mean(other, wheel))


def _unknown_metric(profile: Profile, file: str, lines: Mapping[str, int]) -> Iterator[Problem]:
    """A metric that neither statefocus nor another package on this machine has."""
    name = profile.autofocus.metric
    if name not in SCALES and name not in metric_names():
        yield Problem("unknown-metric", file, lines.get("autofocus.metric", 0), f"`autofocus.metric`: {unknown(name)}")


def _with_scale(profile: Profile) -> Profile:
    """Fill in what a plug-in tells of its metric, so that a trace can be read where the plug-in is not."""
    autofocus = profile.autofocus
    if autofocus.metric in SCALES:
        return profile
    scale = scale_of_metric(autofocus.metric)
    told = {"metric_unit": scale.unit, "metric_better": "larger" if scale.larger_is_better else "smaller"}
    return profile.model_copy(update={"autofocus": autofocus.model_copy(update=told)})


def load_machines(loaded: LoadedProfile | None = None) -> list[Definition]:
    """Read and check the machines, and prove them where a profile has put an edited copy among them.

    Those that come with statefocus are proved by its tests.

    Parameters
    ----------
    loaded
        A profile, which may point at edited copies in `[machines]`; none gives those that come with statefocus.

    Raises
    ------
    DefinitionError
        With every problem found.
    UsageError
        Where a copy cannot be read.
    """
    machines = read_machines(loaded)
    if loaded and loaded.profile.machines.model_dump(exclude_none=True):
        proved(machines)
    return machines


def proved(machines: Sequence[Definition]) -> Proof:
    """Prove checked machines; see docs/proof.md.

    Raises
    ------
    DefinitionError
        With the shortest way to each duty that is broken.
    """
    proof = prove(machines, VOCABULARY)
    if proof.problems:
        raise DefinitionError(proof.problems)
    return proof


def read_machines(loaded: LoadedProfile | None = None) -> list[Definition]:
    """Read and check the machines, without a proof; all problems of all of them at once (see `load_machines`)."""
    machines: list[Definition] = []
    problems: list[Problem] = []
    for name in MACHINES:
        main = _source(name, loaded)
        if main is None:
            continue
        parts = {part: source for part in part_names(main) if (source := _source(part, loaded))}
        wrong = [misplaced(main, name), *(_wrong_part(main, name, part, source) for part, source in parts.items())]
        if any(wrong):
            problems += [problem for problem in wrong if problem]
            continue
        try:
            machines.append(load([main, *parts.values()], VOCABULARY))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return machines


def _wrong_part(main: Source, machine: str, part: str, source: Source) -> Problem | None:
    """Tell that a machine's file names something as its part that is none of it."""
    if part in MACHINES:
        said = f"`parts` names `{part}`, which is a machine of its own, and no part of `{machine}`."
        return Problem("wrong-part", main.file, line_of(main.text, ("parts",)), said)
    return misplaced(source, machine, part)


def _source(name: str, loaded: LoadedProfile | None) -> Source | None:
    """A machine file by its name: the profile's own copy, or the one that comes with statefocus; None without any."""
    copy = getattr(loaded.profile.machines, name, None) if loaded else None
    if loaded and copy:
        return _edited(Path(loaded.file).parent / copy, name)
    shipped = resources.files("statefocus.machines").joinpath(f"{name}.toml")
    return Source(f"machines/{name}.toml", shipped.read_text("utf-8")) if shipped.is_file() else None


def _edited(path: Path, name: str) -> Source:
    try:
        return Source(str(path), _text_of(path))
    except (OSError, UnicodeError) as error:
        said = why_unread(error)
        raise UsageError(f"The machine file {path} (machines.{name} in the profile) cannot be read: {said}.") from None


def _keys(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _problem(text: str, file: str, tree: Any, told: Any) -> Problem:
    """Turn one of pydantic's errors into a problem with a line."""
    conflict = told.get("ctx", {}).get("error")
    if isinstance(conflict, Conflict):
        return _conflict(text, file, tree, told["loc"], conflict)
    path = _path_in(tree, told["loc"])
    line = line_of(text, path) if path else 0
    key = ".".join(str(part) for part in path) or "the profile"
    if told["type"] == "extra_forbidden":
        known = _known_keys(told["loc"][:-1])
        return Problem(
            "unknown-key", file, line, f"`{key}` is no key of a profile.", did_you_mean(str(path[-1]), known)
        )
    if told["type"] == "union_tag_invalid":
        tag, tags = str(told["ctx"]["tag"]), [part.strip(" '") for part in told["ctx"]["expected_tags"].split(",")]
        said = f"`{key}.do` is {tag!r}; allowed: {', '.join(tags)}."
        return Problem("bad-value", file, line, said, did_you_mean(tag, tags))
    if told["type"] == "missing":
        return Problem("missing-key", file, line, f"`{key}.{told['loc'][-1]}` is missing.")
    said = told["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    value = told.get("input")
    shown = "" if isinstance(value, dict | list) or told["type"] == "value_error" else f" is {value!r}"
    must = f"{shown}; allowed: {said}." if shown else f": {said}."
    return Problem("bad-value", file, line, f"`{key}`{must}", _near(value, told))


def _conflict(text: str, file: str, tree: Any, location: Sequence[str | int], conflict: Conflict) -> Problem:
    """Keys that do not go together, told at the first of them that the file holds, or at the table around them."""
    paths = [(*location, *key) for key in conflict.keys]
    held = next((path for path in paths if _path_in(tree, path) == path), _path_in(tree, paths[0]))
    about = ".".join(str(part) for part in location)
    sentence = f"`{about}`: {conflict}." if about else f"{conflict}."
    return Problem("conflict", file, line_of(text, held), sentence)


def _near(value: Any, told: Any) -> str:
    allowed = str(told.get("ctx", {}).get("expected", ""))
    words = [word.strip(" '") for word in allowed.replace(" or ", ",").split(",")]
    return did_you_mean(value, words) if isinstance(value, str) and allowed and len(words) > 1 else ""


def _path_in(tree: Any, location: Sequence[str | int]) -> KeyPath:
    """Keep the parts of pydantic's location that are keys of the file (a union adds others)."""
    path: list[str | int] = []
    for index, part in enumerate(location):
        inside = part in tree if isinstance(tree, dict) else isinstance(tree, list) and part in range(len(tree))
        if inside:
            path.append(part)
            tree = tree[part]
        elif index == len(location) - 1:
            break
    return tuple(path)


def _known_keys(location: Sequence[str | int]) -> list[str]:
    """Keys that a table of a profile may have."""
    model: type[BaseModel] | None = Profile
    for part in location:
        if isinstance(part, str) and model is not None and part in model.model_fields:
            model = _section(model.model_fields[part].annotation)
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation, such as that of `Address | None` or `tuple[PlanJob, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_section(part) for part in getattr(annotation, "__args__", ())]
    return next((model for model in found if model is not None), None)
