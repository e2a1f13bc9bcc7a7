"""The guards that machine files may name. No arithmetic: that is done where facts are made."""

from statefocus.rules import compensation, confirming, due, filters, refocusing, running
from statefocus.rules.registry import GUARDS

__all__ = ["GUARDS", "compensation", "confirming", "due", "filters", "refocusing", "running"]
