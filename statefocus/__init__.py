"""statefocus keeps a telescope in focus all night, and can prove why it did, or did not do, each thing.

The house, from the cellar up: `errors, profile, events, effects, context` are values; `focus` is the autofocus
arithmetic; `triggers, rules, actions` are the words that the machine files in `machines/` may use; `machine` reads,
checks and runs those files; `session.step` ties them into one pure function. Above that line is the shell: `trace`
writes and reads what happened, `frames` measures stars, `devices`, `hosts` and `observatory` touch the world, `runner`
carries events in and effects out, `resident` answers other programs' calls, `calling` makes them, `cli` is what a
person types.
"""

__version__ = "0.1.0"
