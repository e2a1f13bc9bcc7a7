"""The simulated observatory: an Alpaca server with real optics, weather and faults, and a judge who knows the truth.

Everything is a function of the settings, the seed, the commands and the clock: the observatory never sleeps, and what a
device shows is computed when it is asked.
"""

from statefocus.observatory.judge import Judge, JudgedExposure, Truth
from statefocus.observatory.observatory import Observatory
from statefocus.observatory.server import Server, serving

__all__ = ["Judge", "JudgedExposure", "Observatory", "Server", "Truth", "serving"]
