"""What each kind of line must hold, for readers that know nothing of the profile or the machines behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

from statefocus import effects
from statefocus.context import Outcome as RunOutcome
from statefocus.errors import TraceError, UsageError
from statefocus.machine.vocabulary import Ruling
from statefocus.session import Outcome
from statefocus.trace.encoding import decode_event, fits
from statefocus.trace.reading import LATEST_T, Line, TraceReader, headed
from statefocus.trace.times import zone_of

NUMBER = float | None
STEP: Mapping[str, Any] = {"of": int, "machine": str, "before": str, "after": str, "outcome": str, "row": str | None}
RUN: Mapping[str, Any] = {
    "number": int,
    "outcome": str,
    "reason": str,
    "causes": tuple[str, ...],
    "ended_t": float,
    "duration_s": float,
    "filter": str | None,
    "temperature_c": NUMBER,
    "start_position": int | None,
    "best_position": int | None,
    "predicted_measure": NUMBER,
    "validation_measures": tuple[NUMBER, ...],
    "validation_tolerance_percent": float,
    "metric": str,
}
CHECKPOINT: Mapping[str, Any] = {"events": int, "leaves": dict, "context": dict}
READING: Mapping[str, Any] = {"due": bool, "reading": float | bool | None, "limit": NUMBER, "text": str}
RULINGS = frozenset(ruling.value for ruling in Ruling)


def problems(line: Line) -> Iterator[str]:
    """Tell what a line lacks, or holds of the wrong type."""
    check = _CHECKS.get(line.kind)
    if check is not None:
        yield from check(line)


def sound(line: Line) -> Line:
    """Give a line back that holds what its kind must hold.

    Raises
    ------
    TraceError
        With the first thing that is wrong with it.
    """
    wrong = next(problems(line), None)
    if wrong is not None:
        raise TraceError(f"{wrong} `statefocus audit` tells more.", line.number)
    return line


def sound_lines(reader: TraceReader) -> Iterator[Line]:
    """Give the lines of a trace that can be read and hold what they must; the others are noted as damage.

    Raises
    ------
    TraceError
        Where the first line is none: then it is no trace, or one without its beginning.
    """
    for number, raw in reader.raw_lines():
        try:
            line = reader.take(raw, number)
        except TraceError as error:
            if number == 1:
                raise
            reader.leave_out()
            reader.unreadable(error)
            continue
        try:
            yield sound(headed(line) if number == 1 else line)
        except TraceError as error:
            if number == 1:
                raise
            reader.unreadable(error)


def _event(line: Line) -> Iterator[str]:
    try:
        decode_event(line.body, line.number)
    except TraceError as error:
        yield str(error).partition(": ")[2]


def _fields(body: Mapping[str, Any], wanted: Mapping[str, Any], what: str) -> Iterator[str]:
    for key, kind in wanted.items():
        if key not in body:
            yield f"this {what} lacks {key}."
        elif not fits(body[key], kind):
            yield f"{what}: {key} is {body[key]!r}, which it cannot be."


def _step(line: Line) -> Iterator[str]:
    body = line.body
    yield from _fields(body, STEP, "step")
    if body["outcome"] not in get_args(Outcome):
        yield f"step: outcome {body['outcome']!r} is none; there are {', '.join(get_args(Outcome))}."
    tried = body.get("tried", [])
    if not isinstance(tried, list) or not all(_is_tried(one) for one in tried):
        yield "step: tried is no list of rows with the ruling of each guard."
    readings = body.get("triggers", {})
    if not isinstance(readings, dict) or any(
        not isinstance(one, dict) or any(_fields(one, READING, "reading")) for one in readings.values()
    ):
        yield "step: triggers holds no readings."


def _is_tried(one: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("row"), str) or not isinstance(one.get("guards"), dict):
        return False
    return all(isinstance(said, str) and said in RULINGS for said in one["guards"].values())


def _effect(line: Line) -> Iterator[str]:
    name = line.body["effect"]
    kind = effects.KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        yield f"unknown effect {name!r}."
        return
    wanted = effect_types(kind)
    yield from _fields(line.body, wanted, str(name))
    for key in line.body:
        if key != "effect" and key not in wanted:
            yield f"{name}: {key} is no field of it."


@cache
def effect_types(kind: type[effects.Effect]) -> Mapping[str, Any]:
    """Give the resolved type of each field of an effect class, by name."""
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}


def _header(line: Line) -> Iterator[str]:
    name = line.body.get("time_zone", "UTC")
    try:
        zone_of(str(name))
    except UsageError:
        yield f"header: time_zone is {name!r}, which is no IANA time zone."


def _run(line: Line) -> Iterator[str]:
    yield from _fields(line.body, RUN, "run")
    for key in ("ended_t", "duration_s"):
        value = line.body.get(key)
        if isinstance(value, int | float) and not 0 <= value < LATEST_T:
            yield f"run: {key} is {value!r}, which it cannot be."
    if line.body["outcome"] not in get_args(RunOutcome):
        yield f"run: outcome {line.body['outcome']!r} is none; there are {', '.join(get_args(RunOutcome))}."


def _checkpoint(line: Line) -> Iterator[str]:
    yield from _fields(line.body, CHECKPOINT, "checkpoint")


_CHECKS: Mapping[str, Callable[[Line], Iterator[str]]] = {
    "header": _header,
    "event": _event,
    "step": _step,
    "effect": _effect,
    "run": _run,
    "checkpoint": _checkpoint,
}
