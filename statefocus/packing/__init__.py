"""What is saved of each autofocus run besides the trace: a package (A15), a picture (A19)."""

from statefocus.packing.record import RECORD, PackageRecord, SavedFrame, read_record
from statefocus.packing.runs import RunFiles
from statefocus.packing.saving import saving_runs

__all__ = ["RECORD", "PackageRecord", "RunFiles", "SavedFrame", "read_record", "saving_runs"]
