"""Compares the tables of `tests.nina.facts` with the published specification, where somebody has it at hand.

It is not part of this project: STATEFOCUS_NINA_SPEC names a folder with its api_spec.yaml and websocket_spec.yaml.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.nina.facts import ANSWERS, EVENTS, QUERIES, Fact

NAMES = {bool: {"boolean"}, str: {"string"}, int: {"integer", "number"}, float: {"number", "integer"}}


def folder() -> str | None:
    return os.environ.get("STATEFOCUS_NINA_SPEC")


def differences(where: Path) -> list[str]:
    """Tell what the tables say and the specification does not."""
    yaml = pytest.importorskip("yaml")
    api = yaml.safe_load((where / "api_spec.yaml").read_text("utf-8"))
    said = []
    for path, fact in ANSWERS.items():
        asked = api["paths"][path]["get"]
        schema = asked["responses"]["200"]["content"]["application/json"]["schema"]
        said += _unlike(_resolved(schema, api)["properties"]["Response"], fact, path, api)
        known = {one["name"]: one["schema"] for one in asked.get("parameters", [])}
        for name, kind in QUERIES.get(path, {}).items():
            said += _unlike(known.get(name, {}), kind, f"{path}?{name}", api)
    socket = yaml.safe_load((where / "websocket_spec.yaml").read_text("utf-8"))
    return said + _of_events(socket["channels"]["/socket"]["subscribe"]["message"]["oneOf"])


def _of_events(messages: list[dict[str, Any]]) -> list[str]:
    known: dict[str, Any] = {}
    for message in messages:
        response = message["payload"]["properties"]["Response"]
        event = response.get("properties", {}).get("Event", {})
        names = event.get("enum") or [event.get("example")]
        known.update({name: response for name in names if name})
    missing = [f"no event {name}" for name in EVENTS if name not in known]
    there = [_unlike(known[name], fact, name, {}) for name, fact in EVENTS.items() if name in known]
    return missing + [said for one in there for said in one]


def _resolved(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    at = schema.get("$ref")
    if at is None:
        return schema
    found: dict[str, Any] = whole["components"]["schemas"][at.rpartition("/")[2]]
    return found


def _unlike(schema: dict[str, Any], fact: Fact, where: str, whole: dict[str, Any]) -> list[str]:
    schema = _resolved(schema, whole)
    if isinstance(fact, tuple):
        offered = schema.get("oneOf", [schema])
        return [
            f"{where}: none is like {one}"
            for one in fact
            if not any(not _unlike(may, one, where, whole) for may in offered)
        ]
    if isinstance(fact, list):
        return _unlike(schema.get("items", {}), fact[0], f"{where}[]", whole) if fact[0] is not object else []
    if isinstance(fact, dict):
        options = [_resolved(one, whole) for one in schema.get("oneOf", [schema])]
        inside = {name: one for option in options for name, one in option.get("properties", {}).items()}
        missing = [f"{where} has no {name}" for name in fact if name not in inside]
        there = [_unlike(inside[name], kind, f"{where}.{name}", whole) for name, kind in fact.items() if name in inside]
        return missing + [said for one in there for said in one]
    return [] if schema.get("type") in NAMES[fact] else [f"{where} is of type {schema.get('type')}"]
