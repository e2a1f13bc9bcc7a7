"""The guards that machine files may name. No arithmetic: that is done where facts are made."""

from statefocus.rules import compensation, due, refocusing, running
from statefocus.rules.registry import GUARDS

__all__ = ["GUARDS", "compensation", "due", "refocusing", "running"]
