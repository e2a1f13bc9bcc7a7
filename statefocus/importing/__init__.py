"""Other programs' logs into traces (L4): one module a program, which turns its lines into events.

An imported trace replays, and can be asked and audited, like any other: its events went through the real session under
a profile that only watches. Its header says which program wrote the original, and what that could not tell.
"""

from statefocus.importing.reading import PROGRAMS, Imported, import_log

__all__ = ["PROGRAMS", "Imported", "import_log"]
