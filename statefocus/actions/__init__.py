"""The callbacks that machine files may name: context in, context and effects out. They call nothing."""

from statefocus.actions import compensation, confirming, ending, filters, ownership, plan, running
from statefocus.actions.registry import ACTIONS

__all__ = ["ACTIONS", "compensation", "confirming", "ending", "filters", "ownership", "plan", "running"]
