"""`statefocus gate`, `notify` and `ctl`: calls to the session that is attended, with the standard library alone.

A host calls the gate before each of its frames, so a call must be over quickly where nothing is to be done: neither
typer nor anything else that takes long to import is used here.
"""
