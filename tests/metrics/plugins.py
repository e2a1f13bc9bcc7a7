"""Other packages that bring metrics: what pip would install, laid out in a folder of its own."""

from __future__ import annotations

from pathlib import Path

CODE = """
from statefocus.metrics import Measured

class Sharpness:
    name, unit, better = "sharpness", "bits", "larger"
    def measure(self, pixels, context):
        return Measured(4.0, 0.1, 12)

class Raising(Sharpness):
    def measure(self, pixels, context):
        raise ZeroDivisionError("no pixel is left")

class Absurd(Sharpness):
    def measure(self, pixels, context):
        return Measured(float("nan"), 0.1, 12)

class Blind(Sharpness):
    def measure(self, pixels, context):
        return Measured(None, 0.3, 7)

class Unready(Sharpness):
    def check(self, context):
        raise OSError("no dongle")

class Sideways(Sharpness):
    better = "sideways"
"""
NAMES = ("Sharpness", "Raising", "Absurd", "Blind", "Unready", "Sideways", "Nowhere")


def install(folder: Path) -> Path:
    """Lay out the package `starmeter` with its metrics; gives the folder that belongs on the path."""
    site = folder / "site"
    described = site / "starmeter-0.1.dist-info"
    described.mkdir(parents=True)
    (site / "starmeter.py").write_text(CODE, "utf-8")
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: starmeter\nVersion: 0.1\n", "utf-8")
    entries = "\n".join(f"{name.lower()} = starmeter:{name}" for name in NAMES)
    (described / "entry_points.txt").write_text(f"[statefocus.metrics]\n{entries}\n", "utf-8")
    return site
