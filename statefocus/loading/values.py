"""Tells what is wrong with a single key or value of a profile: pydantic's errors as sentences with a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from statefocus.errors import Problem
from statefocus.profile import Profile
from statefocus.profile.base import Conflict
from statefocus.toml_text import Path as KeyPath
from statefocus.toml_text import did_you_mean, line_of


def problem_of(text: str, file: str, tree: Any, told: Any) -> Problem:
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
