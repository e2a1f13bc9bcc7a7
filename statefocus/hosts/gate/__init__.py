"""The script gate (H3): any program that calls `statefocus gate` before each frame, and tells what it does.

A gate call is the gap before the next frame. What the host has told since the last one, and what may start a run, is
told to the core there and not before: only then it is known what comes next, so that one run serves all of it (T14).
Everything is worked off in one lane, one call after the other; whether there is a run the core decides. While one is
under way a gap is not told: what it would tell, the wheel's turn included, would take the ground from under the run.

`asking` and `in_hand` are its values, `files` measures what was saved. Each of the others stands on the one before:
`lane` works off whatever comes, `gap` tells the core of the plan, `hearing` takes notifications up, `silence` knows
when nothing is said, `answering` answers calls, and `host` is what scripts and the session reach.
"""

from statefocus.hosts.gate.host import GateHost

__all__ = ["GateHost"]
