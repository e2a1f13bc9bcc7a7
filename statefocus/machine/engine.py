"""Runs a checked definition with `transitions`; the only module that imports it.

What `transitions` would do silently is answered here: each row gets one gate that evaluates all of its guards and
records them, so that nothing short-circuits; callbacks are bound callables, never names it could look up or import; our
own queue feeds it one event at a time; entry callbacks only return effects, and cannot fail half-way into the world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transitions.extensions.nesting import HierarchicalMachine, NestedState

from statefocus.context import Context
from statefocus.effects import Effect
from statefocus.machine.definition import SEPARATOR, Definition, Row, State
from statefocus.machine.fired import Fired, Tried
from statefocus.machine.vocabulary import Ruling, Vocabulary


class _State(NestedState):
    separator = SEPARATOR


class _Machine(HierarchicalMachine):
    state_cls = _State


class _Model:
    """What transitions moves from state to state, and what is gathered on the way."""

    trigger: Callable[[str], bool]  # put here by transitions; it would not replace one that exists

    def __init__(self) -> None:
        self.state = ""
        self.context: Context | None = None
        self.effects: list[Effect] = []
        self.tried: list[Tried] = []
        self.row: str | None = None


class TransitionsEngine:
    """One machine, ready to run.

    Parameters
    ----------
    definition
        A definition without problems; see `machine.checking`.
    vocabulary
        What its names stand for.
    """

    def __init__(self, definition: Definition, vocabulary: Vocabulary) -> None:
        self.definition = definition
        self._vocabulary = vocabulary
        self._model = _Model()
        self._staying = frozenset(row.id for row in definition.rows if row.to is None)
        self._listens = {
            (leaf, event)
            for leaf in definition.leaves()
            for row in definition.rows
            for event in row.on
            if any(state in row.sources for state in definition.lineage(leaf))
        }
        self._machine = _Machine(
            model=self._model,
            states=[self._state(state) for state in definition.states.values() if state.parent is None],
            transitions=[table for row in definition.rows for table in self._transitions(row)],
            initial=definition.leaf(definition.initial),
            auto_transitions=False,
            ignore_invalid_triggers=True,
            queued=False,
        )

    @property
    def initial(self) -> str:
        """The leaf state that a session begins in."""
        return self.definition.leaf(self.definition.initial)

    def listens(self, state: str, event: str) -> bool:
        """Whether any row is tried for that event in that leaf state."""
        return (state, event) in self._listens

    def silent(self, _state: str, _event: str, _context: Context) -> bool:
        """Whether an event would do nothing; it takes as long to tell as to fire it, so this never says yes."""
        return False

    def fire(self, state: str, event: str, context: Context) -> Fired:
        """Offer an event to the machine, as `machine.fired.Engine` tells."""
        if not self.listens(state, event):
            return Fired(state, None, (), context, ())
        model = self._model
        model.context, model.effects, model.tried, model.row = context, [], [], None
        self._machine.set_state(state, model)
        model.trigger(event)
        stays = model.row in self._staying
        return Fired(model.state, model.row, tuple(model.tried), model.context, tuple(model.effects), stays)

    def _state(self, state: State) -> dict[str, Any]:
        table: dict[str, Any] = {
            "name": state.name.rpartition(SEPARATOR)[2],
            "on_enter": [self._callback(name) for name in state.enter],
            "on_exit": [self._callback(name) for name in state.exit],
        }
        if children := self.definition.children(state.name):
            table |= {"children": [self._state(child) for child in children], "initial": state.initial}
        return table

    def _transitions(self, row: Row) -> list[dict[str, Any]]:
        return [
            {
                "trigger": event,
                "source": source,
                "dest": row.to or None,  # None stays; an empty string changes meaning in transitions 0.9.4
                "conditions": [self._gate(row)],
                "before": [self._callback(name) for name in row.do],
            }
            for event in row.on
            for source in row.sources
        ]

    def _gate(self, row: Row) -> Callable[[], bool]:
        guards = [self._vocabulary.guards[name] for name in self.definition.guards_of(row)]
        model = self._model

        def gate() -> bool:
            context = model.context
            if context is None or model.row is not None:
                return False
            rulings: dict[str, Ruling] = {}
            for guard in guards:
                rulings[guard.name] = Ruling(guard.call(context))  # None, True or "yes" would raise, not pass
            tried = Tried(row.id, rulings)
            model.tried.append(tried)
            if tried.passed:
                model.row = row.id
            return tried.passed

        return gate

    def _callback(self, name: str) -> Callable[[], None]:
        action, model = self._vocabulary.actions[name], self._model

        def call() -> None:
            if model.context is not None:
                model.context, effects = action.call(model.context)
                model.effects.extend(effects)

        return call
