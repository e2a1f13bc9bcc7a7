"""Tells a profile: every effective value by its dotted key, and the reference page of all keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from statefocus.profile import Profile


def flat(profile: Profile) -> dict[str, Any]:
    """Give every effective value by its dotted key; lists stay lists."""
    return dict(_flat(profile.model_dump(mode="json", by_alias=True)))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def reference() -> str:
    """Write the reference page of a profile's keys, in Markdown."""
    head = (
        "# Profile reference\n\n"
        "Generated from the models in `statefocus/profile/`; do not edit. Every key has a default, so a profile tells "
        "only what differs.\n`statefocus check PROFILE` tells every effective value and where it comes from.\n"
    )
    return head + "\n" + "\n".join(_pages(Profile, ""))


def _pages(model: type[BaseModel], prefix: str) -> Iterator[str]:
    title = f"[{prefix}]" if prefix else "Top level"
    yield f"## {title}\n\n{(model.__doc__ or '').strip().splitlines()[0]}\n"
    yield "| key | default | allowed | meaning |\n|---|---|---|---|"
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, info in model.model_fields.items():
        key = info.alias or name
        section = _section(info.annotation)
        if section is not None:
            inner.append((f"{prefix}.{key}" if prefix else key, section))
        yield f"| `{key}` | {_default(info, section)} | {_allowed(info)} | {info.description or ''} |"
    yield ""
    for path, section in inner:
        yield from _pages(section, path)


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_section(part) for part in get_args(annotation)]
    return next((model for model in found if model is not None), None)


def _default(info: FieldInfo, section: type[BaseModel] | None) -> str:
    if info.is_required():
        return "(required)"
    if section is not None:
        return "(see below)"
    value = info.get_default(call_default_factory=True)
    return "" if value is None or value is PydanticUndefined or value == () or value == {} else f"`{value}`"


def _allowed(info: FieldInfo) -> str:
    choices = list(_literals(info.annotation))
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    signs = {"Gt": ">", "Ge": ">=", "Lt": "<", "Le": "<="}
    limits = [
        f"{signs[type(mark).__name__]} {getattr(mark, type(mark).__name__.lower()):g}"
        for mark in info.metadata
        if type(mark).__name__ in signs
    ]
    return ", ".join(limits)


def _literals(annotation: Any) -> Iterator[Any]:
    from typing import Literal, get_origin

    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _literals(part)
