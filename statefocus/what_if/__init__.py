"""The same night under another profile (L3): the recorded world, run again through the real session."""

from statefocus.what_if.answer import WhatIf, what_if

__all__ = ["WhatIf", "what_if"]
