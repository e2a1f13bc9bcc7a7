"""A headless KStars with INDI's simulators, alone in namespaces of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from statefocus.hosts.ekos.bus import Bus, Gone

HERE = Path(__file__).parent
KSTARS = "org.kde.kstars"
EKOS = ("/KStars/Ekos", "org.kde.kstars.Ekos")
CAPTURE = ("/KStars/Ekos/Capture", "org.kde.kstars.Ekos.Capture")
MOUNT = ("/KStars/Ekos/Mount", "org.kde.kstars.Ekos.Mount")
FOCUS = ("/KStars/Ekos/Focus", "org.kde.kstars.Ekos.Focus")
GUIDE = ("/KStars/Ekos/Guide", "org.kde.kstars.Ekos.Guide")
PROGRAMS = (
    "kstars",
    "indiserver",
    "indi_simulator_ccd",
    "indi_simulator_guide",
    "indi_setprop",
    "Xvfb",
    "dbus-daemon",
    "unshare",
)
_GUIDE_MODULE = 4
START_S = 90.0
PATIENCE_S = 20.0

_KSTARSRC = """
[TipOfDay]
RunOnStart=false
[GUI]
RunStartupWizard=false
[WindowGUI]
RunStartupWizard=false
[Location]
CityName=Greenwich
CountryName=United Kingdom
[General]
OrbitalElementsAutoUpdate=false
[Ekos]
IndependentWindowEkos=true
[indi]
messageNotificationINDI=false
[FITSViewer]
useFITSViewer=false
AutoHFR=true
[DarkLibrary]
shutterfulCCDs=CCD Simulator
[Focus]
FocusUseFullField=true
FocusSubFrame=false
FocusAutoStarEnabled=false
FocusDetection=SEP
FocusAlgorithm=Linear 1 Pass
FocusTicks=1500
FocusOutSteps=4
FocusMaxTravel=60000
FocusMaxSingleStep=60000
FocusExposure=1
FocusTolerance=5
[Guide]
TwoAxisEnabled=false
AutoModeIterations=2
"""
_KWALLETRC = "[Wallet]\nEnabled=false\nFirst Use=false\n"


def why_not() -> str:
    """Tell what is missing on this machine; empty where a KStars can be started."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"KStars' stories are skipped: {', '.join(missing)} not found (make host-deps)"
    tried = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, timeout=20, check=False)
    return "" if tried.returncode == 0 else f"KStars' stories are skipped: no namespaces here ({tried.stderr.strip()})"


def _unshare() -> list[str]:
    own = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *own, "-n", "-p", "-f", "--kill-child", "--mount-proc"]


def until(so: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until something is so, and give it."""
    end = time.monotonic() + seconds
    while True:
        found = so()
        if found:
            return found
        if time.monotonic() > end:
            message = f"after {seconds:g} s still not: {what}"
            raise AssertionError(message)
        time.sleep(0.05)


class KStars:
    """The program, and what tests ask of it; `folder` holds everything that it writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix:path={folder / 'run' / 'bus'}"
        self._outer: subprocess.Popen[str] | None = None
        self._bus: Bus | None = None
        self._display = f":{70 + os.getpid() % 900}"

    # --- start and end ---

    def start(self) -> None:
        """Start everything, with a seeded profile, up to the devices being online."""
        for part in ("home/.config", "home/.local/share/kstars", "home/Pictures", "run", "bin", "logs", "tmp"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "run").chmod(0o700)
        shutil.copy(HERE / "gsc", self.folder / "bin" / "gsc")
        (self.folder / "home/.config/kwalletrc").write_text(_KWALLETRC)
        self._unshare()
        self.run("Xvfb", "Xvfb", self._display, "-screen", "0", "1400x1000x24", "-nolisten", "tcp")
        self.run("dbus", "dbus-daemon", "--session", "--nofork", f"--address={self.address}")
        until((self.folder / "run/bus").exists, PATIENCE_S, "the D-Bus socket is there")
        until(Path(f"/tmp/.X11-unix/X{self._display[1:]}").exists, PATIENCE_S, "the X socket is there")  # noqa: S108
        self._seed()
        self.start_kstars()

    def _unshare(self) -> None:
        home, run = self.folder / "home", self.folder / "run"
        env = {
            **os.environ,
            "HOME": str(home),
            "TMPDIR": str(self.folder / "tmp"),  # where a focuser is locked: not against a session outside
            "XDG_RUNTIME_DIR": str(run),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "DISPLAY": self._display,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "QT_QPA_PLATFORM": "xcb",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "QT_LOGGING_TO_CONSOLE": "1",
            "DBUS_SESSION_BUS_ADDRESS": self.address,
        }
        with (self.folder / "logs/inside.log").open("w") as log:
            self._outer = subprocess.Popen(
                [*_unshare(), sys.executable, str(HERE / "inside.py")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=env, cwd=self.folder,
            )  # fmt: skip
        assert self._pipe("stdout").readline()

    def _pipe(self, name: str) -> IO[str]:
        assert self._outer is not None
        pipe: IO[str] = getattr(self._outer, name)
        return pipe

    def _ask(self, **asked: Any) -> dict[str, Any]:
        self._pipe("stdin").write(json.dumps(asked) + "\n")
        self._pipe("stdin").flush()
        answer: dict[str, Any] = json.loads(self._pipe("stdout").readline())
        assert "error" not in answer, answer["error"]
        return answer

    def run(self, name: str, *argv: str) -> None:
        """Start a program in there."""
        self._ask(do="run", name=name, argv=argv, log=str(self.folder / f"logs/{name}.log"))

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Kill a program in there, with all that it has started."""
        self._ask(do="kill", name=name, number=int(number))

    def wait(self, name: str, seconds: float) -> int | None:
        """Wait for a program in there to end; None where it does not."""
        code: int | None = self._ask(do="wait", name=name, seconds=seconds)["code"]
        return code

    def log(self, name: str) -> str:
        """What a program in there has said."""
        return (self.folder / f"logs/{name}.log").read_text(errors="replace")

    def close(self) -> None:
        """End everything in there."""
        if self._bus is not None:
            self._bus.close()
        if self._outer is None:
            return
        self._pipe("stdin").close()
        try:
            self._outer.wait(5)
        except subprocess.TimeoutExpired:
            self._outer.kill()  # --kill-child takes the rest along
            self._outer.wait(5)
        self._pipe("stdout").close()
        for left in (f"/tmp/.X{self._display[1:]}-lock", f"/tmp/.X11-unix/X{self._display[1:]}"):  # noqa: S108
            Path(left).unlink(missing_ok=True)

    # --- KStars itself ---

    def _configure(self) -> None:
        (self.folder / "home/.config/kstarsrc").write_text(_KSTARSRC)

    def _seed(self) -> None:
        """Let KStars make its database, and put a profile with four simulators into it."""
        database = self.folder / "home/.local/share/kstars/userdb.sqlite"
        self._configure()
        self.run("kstars", "kstars")
        until(lambda: database.exists() and self.answers(), START_S, "KStars has made its database")
        self.kill_kstars()
        with sqlite3.connect(database) as db:
            seed(db)
        db.close()

    def start_kstars(self) -> None:
        """Start KStars and Ekos, up to the devices being online."""
        self._configure()
        self.run("kstars", "kstars")
        until(self.answers, START_S, "KStars answers")
        assert self.call(EKOS, "setProfile", "s", "SF") is True
        self.call(EKOS, "start")
        until(lambda: self.get(EKOS, "indiStatus") == 2, START_S, "the devices are online")
        until(lambda: self.try_get(CAPTURE, "camera") == "CCD Simulator", PATIENCE_S, "Ekos has its camera")
        until(lambda: self.try_get(CAPTURE, "filterWheel") == "Filter Simulator", PATIENCE_S, "Ekos has its filters")

    def kill_kstars(self) -> None:
        """Kill KStars, and the INDI server that it has started."""
        self.kill("kstars")
        until(lambda: self.wait("kstars", 1.0) is not None, PATIENCE_S, "KStars is dead")
        self._ask(do="kill_all", program="indiserver")

    # --- over D-Bus and INDI ---

    @property
    def bus(self) -> Bus:
        if self._bus is None:
            self._bus = Bus(self.address, timeout_s=10.0)
        return self._bus

    def call(self, where: tuple[str, str], method: str, signature: str = "", *body: Any) -> Any:
        return self.bus.call(KSTARS, *where, method, signature, *body)

    def get(self, where: tuple[str, str], name: str) -> Any:
        return self.bus.get(KSTARS, *where, name)

    def try_get(self, where: tuple[str, str], name: str) -> Any:
        try:
            return self.get(where, name)
        except Gone:
            return None

    def answers(self) -> bool:
        try:
            self.call(EKOS, "getProfiles")
        except Gone:
            return False
        return True

    def set_indi(self, device: str, name: str, **values: float | str) -> None:
        """Set a property of a simulator, on the INDI server itself."""
        told = [f"{device}.{name}.{element}={value}" for element, value in values.items()]
        self.run("setprop", "indi_setprop", *told)
        assert self.wait("setprop", 10) == 0, self.log("setprop")


def seed(db: sqlite3.Connection) -> None:
    """Add the profile SF: mount, camera, focuser and filter wheel, and a guide camera with a train of its own."""
    row = db.execute("insert into profile(name,portselector,autoconnect,guidertype) values('SF',0,1,0)")
    profile = row.lastrowid
    drivers = {"Telescope": "Mount", "CCD": "CCD", "Focuser": "Focuser", "Filter": "Filter", "Guide": "Guider"}
    for name, role in drivers.items():
        values = (f"{name} Simulator", role, profile)
        db.execute("insert into driver(label,role,profile) values(?,?,?)", values)
    for aperture, model, length in ((120, "Refractor", 900), (60, "Guide", 300)):
        scope = ("Sim", aperture, model, "Refractor", length)
        db.execute("insert into telescope(Vendor,Aperture,Model,Type,FocalLength) values(?,?,?,?,?)", scope)
    train = {
        "profile": profile, "name": "Primary", "mount": "Telescope Simulator", "dustcap": "--", "lightbox": "--",
        "scope": "Sim Refractor 900@F/7.5", "reducer": 1.0, "rotator": "--", "focuser": "Focuser Simulator",
        "filterwheel": "Filter Simulator", "camera": "CCD Simulator", "guider": "Telescope Simulator",
    }  # fmt: skip
    guiding = {"name": "Guiding", "scope": "Sim Guide 300@F/5.0", "focuser": "--", "filterwheel": "--"}
    primary = _add_train(db, train)
    guide = _add_train(db, {**train, **guiding, "camera": "Guide Simulator"})
    settings = json.dumps({str(module): guide if module == _GUIDE_MODULE else primary for module in range(7)})
    db.execute("insert into profilesettings(profile,settings) values(?,?)", (profile, settings))


def _add_train(db: sqlite3.Connection, train: dict[str, Any]) -> int | None:
    names, marks = ",".join(train), ",".join("?" * len(train))
    return db.execute(f"insert into opticaltrains({names}) values({marks})", tuple(train.values())).lastrowid
