"""The engine: order of rows, guards that are all asked, and callbacks in their order; over tiny machines of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from statefocus.context import Context, begin
from statefocus.effects import Effect, Notify
from statefocus.errors import DefinitionError
from statefocus.machine.checking import load
from statefocus.machine.definition import Definition, Source
from statefocus.machine.engine import TransitionsEngine
from statefocus.machine.fired import Fired
from statefocus.machine.reading import read_definition
from statefocus.machine.vocabulary import Action, Guard, Ruling, Vocabulary
from statefocus.profile import Profile

RULINGS = {"yes": Ruling.PASSED, "no": Ruling.FAILED, "perhaps": Ruling.UNKNOWN, "spared": Ruling.NOT_USED}
MARKS = ("do", "in", "out", "in_outer", "out_outer")
EVENTS = frozenset({"go", "back", "unheard"})


@dataclass
class Bench:
    """A vocabulary whose guards and actions note that they were asked."""

    asked: list[str] = field(default_factory=list)

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(
            events=EVENTS,
            guards={name: Guard(name, name, self._guard(name)) for name in RULINGS},
            actions={name: Action(name, name, self._action(name), ("notify",)) for name in MARKS},
            answers={"notify": None},
            guarded={},
            by_person={},
        )

    def _guard(self, name: str) -> Callable[[Context], Ruling]:
        def call(_context: Context) -> Ruling:
            self.asked.append(name)
            return RULINGS[name]

        return call

    def _action(self, name: str) -> Callable[[Context], tuple[Context, tuple[Effect, ...]]]:
        return lambda context: (context, (Notify(0, "info", name),))

    def engine(self, text: str) -> TransitionsEngine:
        definition, problems = read_definition([Source("tiny.toml", HEAD + text)])
        assert (definition is not None, problems) == (True, [])
        assert isinstance(definition, Definition)
        return TransitionsEngine(definition, self.vocabulary)


HEAD = 'schema = 1\nmachine = "tiny"\ninitial = "Outer"\n'
STATES = """
[states.Outer]
initial = "Inner"
enter = ["in_outer"]
exit = ["out_outer"]
[states.Outer.Inner]
enter = ["in"]
exit = ["out"]
[states.Elsewhere]
"""


def row(name: str, source: str, to: str = "", when: str = "", on: str = "go", do: str = "") -> str:
    """One row of a tiny machine; names are separated by spaces."""
    lines = [f'[[transition]]\nid = "{name}"\non = "{on}"\nfrom = "{source}"\nwhy = "a test"']
    lines += [f'to = "{to}"'] if to else []
    lines += [f"when = {when.split()}"] if when else []
    lines += [f'do = ["{do}"]'] if do else []
    return "\n".join(lines) + "\n"


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def context() -> Context:
    return begin(Profile(), 0.0)


def fire(bench: Bench, context: Context, *rows: str, event: str = "go", state: str = "Outer.Inner") -> Fired:
    return bench.engine(STATES + "".join(rows)).fire(state, event, context)


def sentences(fired: Fired) -> list[str]:
    return [effect.sentence for effect in fired.effects if isinstance(effect, Notify)]


def test_the_leafs_rows_are_tried_before_its_parents_whatever_their_order_in_the_file(
    bench: Bench, context: Context
) -> None:
    fired = fire(bench, context, row("parents", "Outer", "Elsewhere"), row("leafs", "Outer.Inner", "Elsewhere"))
    assert (fired.row, [one.row for one in fired.tried]) == ("leafs", ["leafs"])


def test_rows_of_one_state_are_tried_in_file_order_until_one_passes(bench: Bench, context: Context) -> None:
    rows = [row("first", "Outer.Inner", when="no"), row("second", "Outer.Inner"), row("third", "Outer.Inner")]
    fired = fire(bench, context, *rows)
    assert (fired.row, [one.row for one in fired.tried]) == ("second", ["first", "second"])


def test_the_parents_rows_are_tried_when_none_of_the_leafs_passes(bench: Bench, context: Context) -> None:
    fired = fire(bench, context, row("parents", "Outer", "Elsewhere"), row("leafs", "Outer.Inner", when="no"))
    assert (fired.row, fired.after) == ("parents", "Elsewhere")
    assert [one.row for one in fired.tried] == ["leafs", "parents"]


def test_a_row_that_stays_ends_the_search_too(bench: Bench, context: Context) -> None:
    fired = fire(bench, context, row("stays", "Outer.Inner"), row("parents", "Outer", "Elsewhere"))
    assert (fired.row, fired.after, fired.stays) == ("stays", "Outer.Inner", True)


def test_every_guard_of_a_tried_row_is_asked_and_recorded_though_the_first_said_no(
    bench: Bench, context: Context
) -> None:
    fired = fire(bench, context, row("all", "Outer.Inner", "Elsewhere", when="no yes perhaps spared"))
    assert bench.asked == ["no", "yes", "perhaps", "spared"]
    assert dict(fired.tried[0].guards) == {name: RULINGS[name] for name in bench.asked}
    assert (fired.row, fired.after) == (None, "Outer.Inner")


def test_guards_of_rows_that_are_not_tried_are_not_asked(bench: Bench, context: Context) -> None:
    fire(bench, context, row("taken", "Outer.Inner"), row("never", "Outer.Inner", when="yes"))
    assert bench.asked == []


@pytest.mark.parametrize(("guard", "passes"), [("yes", True), ("no", False), ("perhaps", False), ("spared", True)])
def test_unknown_blocks_and_not_used_passes(bench: Bench, context: Context, guard: str, *, passes: bool) -> None:
    fired = fire(bench, context, row("one", "Outer.Inner", "Elsewhere", when=guard))
    assert fired.after == ("Elsewhere" if passes else "Outer.Inner")
    assert fired.tried[0].passed is passes


def test_a_guard_named_twice_is_asked_once(bench: Bench, context: Context) -> None:
    both = '[guards]\nboth = ["yes", "spared"]\n'
    fired = fire(bench, context, row("one", "Outer.Inner", when="yes both"), both)
    assert bench.asked == ["yes", "spared"]
    assert list(fired.tried[0].guards) == ["yes", "spared"]


def test_what_a_row_does_comes_before_the_exits_and_these_before_the_entries(bench: Bench, context: Context) -> None:
    back = row("back", "Elsewhere", "Outer", on="back", do="do")
    away = row("away", "Outer", "Elsewhere", do="do")
    assert sentences(fire(bench, context, away, back)) == ["do", "out", "out_outer"]
    assert sentences(fire(bench, context, away, back, event="back", state="Elsewhere")) == ["do", "in_outer", "in"]


def test_re_entry_runs_exit_and_entry_of_the_state_itself(bench: Bench, context: Context) -> None:
    fired = fire(bench, context, row("again", "Outer.Inner", "Outer.Inner", do="do"))
    assert (sentences(fired), fired.stays) == (["do", "out", "in"], False)


def test_staying_runs_neither_exit_nor_entry(bench: Bench, context: Context) -> None:
    assert sentences(fire(bench, context, row("stays", "Outer", do="do"))) == ["do"]


def test_going_to_a_state_with_states_inside_enters_its_initial_leaf(bench: Bench, context: Context) -> None:
    fired = fire(bench, context, row("home", "Elsewhere", "Outer"), state="Elsewhere")
    assert fired.after == "Outer.Inner"


def test_the_session_begins_in_the_initial_leaf(bench: Bench) -> None:
    assert bench.engine(STATES).initial == "Outer.Inner"


@pytest.mark.parametrize("event", ["unheard", "back", "no_event_at_all"])
def test_an_event_that_nobody_listens_to_changes_nothing(bench: Bench, context: Context, event: str) -> None:
    fired = fire(bench, context, row("go", "Outer.Inner", "Elsewhere"), event=event)
    assert fired == Fired("Outer.Inner", None, (), context, ())


def test_an_event_is_heard_only_in_the_states_that_its_rows_name(bench: Bench, context: Context) -> None:
    fired = fire(bench, context, row("go", "Outer.Inner", "Elsewhere"), state="Elsewhere")
    assert (fired.after, fired.row, fired.tried) == ("Elsewhere", None, ())


def test_an_engine_remembers_nothing_between_two_events(bench: Bench, context: Context) -> None:
    engine = bench.engine(STATES + row("go", "Outer.Inner", "Elsewhere", do="do"))
    first = engine.fire("Outer.Inner", "go", context)
    assert engine.fire("Elsewhere", "go", context).row is None
    assert engine.fire("Outer.Inner", "go", context) == first


@pytest.mark.parametrize("answer", [True, None, "yes", 1])
def test_a_guard_that_gives_no_ruling_is_an_error_never_a_pass(bench: Bench, context: Context, answer: object) -> None:
    engine = bench.engine(STATES + row("go", "Outer.Inner", "Elsewhere", when="yes"))
    sly = Guard("yes", "yes", lambda _context: answer)  # type: ignore[arg-type,return-value]
    slyly = TransitionsEngine(engine.definition, Vocabulary(EVENTS, {"yes": sly}, bench.vocabulary.actions, {}, {}, {}))
    with pytest.raises(ValueError, match="not a valid Ruling"):
        slyly.fire("Outer.Inner", "go", context)


@pytest.mark.parametrize("name", ["builtins.print", "os.system", "antigravity.fly", "statefocus.rules.GUARDS"])
def test_a_name_is_never_imported(bench: Bench, name: str) -> None:
    sys.modules.pop("antigravity", None)
    text = HEAD + STATES + row("go", "Outer.Inner", "Elsewhere", when=name)
    with pytest.raises(DefinitionError, match="does not exist"):
        load([Source("evil.toml", text)], bench.vocabulary)
    with pytest.raises(KeyError):
        bench.engine(STATES + row("go", "Outer.Inner", "Elsewhere", when=name))
    with pytest.raises(KeyError):
        bench.engine(STATES + row("go", "Outer.Inner", "Elsewhere", do=name))
    assert "antigravity" not in sys.modules


def test_names_with_underscores_are_no_nested_states(bench: Bench, context: Context) -> None:
    """The separator of transitions is an underscore unless it is told otherwise."""
    states = STATES + "[states.Else_where]\n"
    engine = bench.engine(states + row("go", "Outer.Inner", "Else_where"))
    assert engine.fire("Outer.Inner", "go", context).after == "Else_where"
