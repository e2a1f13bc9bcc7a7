"""KStars/Ekos as the host, over D-Bus (H2)."""

from __future__ import annotations

from statefocus.errors import UsageError

try:
    from statefocus.hosts.ekos.host import EkosHost
except ModuleNotFoundError as missing:
    if missing.name != "jeepney":
        raise
    raise UsageError("The host ekos needs jeepney: pip install 'statefocus[ekos]'.") from missing

__all__ = ["EkosHost"]
