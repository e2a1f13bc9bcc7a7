"""What people write, profiles and machine files, read from disk; every problem at once, each with file and line."""

from statefocus.loading.machines import load_machines, proved, read_machines
from statefocus.loading.profiles import LoadedProfile, load_for_night, load_profile, read_profile

__all__ = [
    "LoadedProfile",
    "load_for_night",
    "load_machines",
    "load_profile",
    "proved",
    "read_machines",
    "read_profile",
]
