"""Sequence files for Ekos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Frames:
    """One job."""

    count: int
    seconds: float = 2.0
    filter: str = "Luminance"
    kind: str = "Light"


def write_sequence(path: Path, folder: Path, *jobs: Frames, own_autofocus: bool = False) -> Path:
    """Write a sequence; its frames go into `folder`."""
    switched = "true" if own_autofocus else "false"
    told = "".join(_job(job, folder) for job in jobs)
    path.write_text(
        "<?xml version='1.0' encoding='UTF-8'?>\n<SequenceQueue version='2.4'>"
        "<GuideDeviation enabled='false'>2</GuideDeviation><GuideStartDeviation enabled='false'>2</GuideStartDeviation>"
        f"<Autofocus enabled='{switched}'>0</Autofocus>"
        "<RefocusOnTemperatureDelta enabled='false'>1</RefocusOnTemperatureDelta>"
        "<RefocusEveryN enabled='false'>60</RefocusEveryN><RefocusOnMeridianFlip enabled='false'/>"
        f"{told}</SequenceQueue>\n"
    )
    return path


def _job(job: Frames, folder: Path) -> str:
    return (
        f"<Job><Exposure>{job.seconds:g}</Exposure><Format>Mono</Format><Encoding>FITS</Encoding>"
        "<Binning><X>1</X><Y>1</Y></Binning><Frame><X>0</X><Y>0</Y><W>1280</W><H>1024</H></Frame>"
        f"<Temperature force='false'>0</Temperature><Filter>{job.filter}</Filter><Type>{job.kind}</Type>"
        "<Prefix><RawPrefix>sf</RawPrefix><FilterEnabled>1</FilterEnabled><ExpEnabled>1</ExpEnabled>"
        f"<TimeStampEnabled>1</TimeStampEnabled></Prefix><Count>{job.count}</Count><Delay>0</Delay>"
        f"<FITSDirectory>{folder}</FITSDirectory><UploadMode>0</UploadMode><Properties></Properties>"
        "<Calibration><FlatSource><Type>Manual</Type></FlatSource><FlatDuration><Type>Manual</Type></FlatDuration>"
        "<PreMountPark>False</PreMountPark><PreDomePark>False</PreDomePark></Calibration></Job>\n"
    )
