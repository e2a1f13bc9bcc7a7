"""A camera over INDI, shared with whoever else uses it: every setting is put back after a focus frame.

A host such as Ekos saves what a camera sends to its clients, whoever asked for it. So focus frames are written by the
driver into a folder of their own (UPLOAD_MODE local), read there, and deleted; nobody is sent anything.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray

from statefocus.devices.indi.link import OFF, ON, Link
from statefocus.devices.values import Shot
from statefocus.errors import Protocol, Refused, Timeout

EXPOSURE, ABORT, IMAGE, FILE = "CCD_EXPOSURE", "CCD_ABORT_EXPOSURE", "CCD1", "CCD_FILE_PATH"
_FOLDER = "statefocus-frame-"
_PREFIX = "focus"


class IndiCamera:
    """One camera.

    Parameters
    ----------
    link
        The device.
    upload
        `local`: by a file on a disk that both sides see; `client`: over the network, to every client that listens.
    """

    NEEDS: ClassVar[str] = EXPOSURE

    def __init__(self, link: Link, upload: Literal["local", "client"]) -> None:
        self._link, self._local = link, upload == "local"
        self._former: list[tuple[str, dict[str, Any]]] = []
        self._folder: Path | None = None
        self._begun = 0
        self._ours = False
        self._listening = False
        self.name = link.name

    # --- settings, and back ---

    def prepare(self, shot: Shot) -> None:
        """Set the camera up: full frame, the way images are handed over, and what the shot asks for.

        Raises
        ------
        Refused
            Where somebody else's exposure is under way.
        """
        link = self._link
        if link.need(EXPOSURE).state == "Busy":
            raise Refused(f"The {self.name} is taking a frame for somebody else.")
        frame_type = "FRAME_LIGHT" if shot.light else "FRAME_DARK"
        self._change("CCD_TRANSFER_FORMAT", _choice(link, "CCD_TRANSFER_FORMAT", "FORMAT_FITS"))
        self._change("CCD_FRAME_TYPE", _choice(link, "CCD_FRAME_TYPE", frame_type))
        self._change("CCD_BINNING", {"HOR_BIN": shot.binning, "VER_BIN": shot.binning})
        self._change("CCD_FRAME", self._full_frame())
        if shot.gain is not None:
            self._change("CCD_GAIN", {"GAIN": shot.gain})
            self._change("CCD_CONTROLS", {"Gain": shot.gain})
        if self._local:
            self._to_own_folder()
        else:
            self._change("UPLOAD_MODE", _choice(link, "UPLOAD_MODE", "UPLOAD_CLIENT"))
            link.server.want_images(self.name, link.device, wanted=True)
            self._listening = True

    def _to_own_folder(self) -> None:
        if self._link.find("UPLOAD_MODE") is None or self._link.find("UPLOAD_SETTINGS") is None:
            raise Protocol(f'The {self.name} cannot save files itself: write camera.indi_upload = "client".')
        self._undo_a_killed_session()
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=_FOLDER))
            self._folder.chmod(0o777)  # the driver may run as another user
        self._change("UPLOAD_SETTINGS", {"UPLOAD_DIR": str(self._folder), "UPLOAD_PREFIX": _PREFIX})
        self._change("UPLOAD_MODE", _choice(self._link, "UPLOAD_MODE", "UPLOAD_LOCAL"))

    def _undo_a_killed_session(self) -> None:
        """Where a session was killed in its frame, the camera still saves into its folder: nothing to be restored."""
        found = self._link.find("UPLOAD_SETTINGS")
        left = Path(str(found.values.get("UPLOAD_DIR", ""))) if found is not None else Path()
        if self._folder is None and left.name.startswith(_FOLDER):
            self._link.set("UPLOAD_SETTINGS", {"UPLOAD_DIR": str(Path.home())})
            self._link.set("UPLOAD_MODE", _choice(self._link, "UPLOAD_MODE", "UPLOAD_CLIENT"))
            shutil.rmtree(left, ignore_errors=True)

    def _full_frame(self) -> dict[str, Any]:
        width = self._link.number("CCD_INFO", "CCD_MAX_X")
        height = self._link.number("CCD_INFO", "CCD_MAX_Y")
        if not width or not height:
            return {}
        return {"X": 0, "Y": 0, "WIDTH": int(width), "HEIGHT": int(height)}

    def _change(self, name: str, wanted: dict[str, Any]) -> None:
        """Set what differs, and remember what it was; what a camera does not have is left out."""
        found = self._link.find(name)
        if found is None:
            return
        values = {member: value for member, value in wanted.items() if member in found.values}
        former = {member: found.values[member] for member in values}
        if former != values:
            self._former.append((name, former))
            self._link.set(name, values)

    def set_back(self) -> None:
        """Set all back as it was, the last change first; not before the exposure has ended, or others would get it."""
        if not (self._former or self._folder or self._listening):
            return
        self._wait_for_the_end()
        while self._former:
            name, former = self._former[-1]
            if self._link.find(name) is not None:
                self._link.set(name, former)
            self._former.pop()
        if self._listening:
            self._link.server.want_images(self.name, self._link.device, wanted=False)
            self._listening = False
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _wait_for_the_end(self) -> None:
        limit_s = self._link.server.limits.read_s
        if self._ours and self.exposing():
            self.abort()
        if self._ours and not self._link.server.wait(self._has_ended, limit_s):
            raise Timeout(f"The {self.name} is still exposing {limit_s:g} s after its frame was given up.")
        self._ours = False

    def _has_ended(self) -> bool:
        found = self._link.server.find(self._link.device, EXPOSURE)
        return found is not None and found.told > self._begun and found.state != "Busy"

    # --- one exposure ---

    def begin(self, shot: Shot) -> None:
        """Start the exposure."""
        self._ours = True
        self._begun = self._link.send(EXPOSURE, {"CCD_EXPOSURE_VALUE": shot.exposure_s})

    def exposing(self) -> bool:
        """Whether an exposure is under way."""
        return self._link.need(EXPOSURE).state == "Busy"

    def ready(self) -> bool:
        """Whether the frame has arrived.

        Raises
        ------
        Refused
            Where the camera gave an alarm instead.
        """
        found = self._link.need(EXPOSURE)
        if found.told <= self._begun or found.state == "Busy":
            return False
        if found.state == "Alert":
            raise self._link.refusal()
        arrived = self._link.find(FILE if self._local else IMAGE)
        return arrived is not None and arrived.told > self._begun and any(arrived.values.values())

    def abort(self) -> None:
        """End the exposure, where it is ours."""
        if self._ours and self._link.find(ABORT) is not None:
            self._link.set(ABORT, {"ABORT": ON})

    def pixels(self) -> NDArray[Any]:
        """Fetch the frame, indexed [x, y]."""
        return self._from_file() if self._local else self._from_wire()

    def _from_file(self) -> NDArray[Any]:
        file = Path(str(self._link.need(FILE).values.get("FILE_PATH", "")))
        if self._folder is None or file.parent != self._folder:
            raise Protocol(f"The {self.name} saved its frame as {file}: another program has changed its settings.")
        if not file.is_file():
            raise Protocol(
                f"The {self.name} saved its frame as {file}, which is not on this machine: "
                'run statefocus beside the INDI server, or write camera.indi_upload = "client".'
            )
        return self._read(file)

    def _from_wire(self) -> NDArray[Any]:
        content = next(iter(self._link.need(IMAGE).values.values()), None)
        self._link.server.forget(self._link.device, IMAGE)
        if not isinstance(content, bytes):
            raise Protocol(f"The {self.name} sent an image without content.")
        with tempfile.TemporaryDirectory(prefix="statefocus-frame-") as folder:
            file = Path(folder) / "frame.fits"
            file.write_bytes(content)
            return self._read(file)

    def _read(self, file: Path) -> NDArray[Any]:
        from statefocus.frames import FrameError, read_frame

        try:
            return read_frame(file).pixels.T
        except FrameError as error:
            raise Protocol(f"The {self.name} gave no frame that can be read: {error}") from None

    def close(self) -> None:
        """Leave it; the connection is the rig's."""


def _choice(link: Link, name: str, chosen: str) -> dict[str, Any]:
    """Give the members of a switch so that one of them is on; nothing where it has no such member."""
    found = link.find(name)
    if found is None or chosen not in found.values:
        return {}
    return {member: ON if member == chosen else OFF for member in found.values}
