"""What INDI devices may say, or leave out: a tiny server plays them."""

from __future__ import annotations

import inspect
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

pytest.importorskip("indipyclient", reason="indipyclient is not installed: pip install 'statefocus[ekos]'")

from statefocus.clock import RealClock
from statefocus.devices.focuser import Focuser
from statefocus.devices.indi import Servers
from statefocus.devices.indi.camera import IndiCamera
from statefocus.devices.indi.client import Client
from statefocus.devices.indi.focuser import IndiFocuser
from statefocus.devices.indi.mount import IndiMount, IndiWheel
from statefocus.devices.indi.weather import IndiConditions, IndiSafety
from statefocus.devices.mount import Mount
from statefocus.devices.trying import carried_out
from statefocus.devices.values import Shot, TimeLimits
from statefocus.errors import Protocol, Refused, Timeout, Unreachable, UsageError
from statefocus.profile import Focuser as FocuserSettings
from statefocus.profile import IndiAddress
from tests.indi.server import CONNECTED, Answer, TinyServer, defined, echoed, free_port, tiny

QUICK = TimeLimits(connect_s=2.0, read_s=1.5)
POSITION = defined("Number", "ABS_FOCUS_POSITION", state="Ok", FOCUS_ABSOLUTE_POSITION=20_000)
FOCUSER = CONNECTED + POSITION


@contextmanager
def servers() -> Iterator[Servers]:
    made = Servers(QUICK)
    try:
        yield made
    finally:
        made.close()


def address(server: TinyServer, device: str = "Toy") -> IndiAddress:
    return IndiAddress(host="127.0.0.1", port=server.port, device=device)


def test_indipyclient_still_has_what_is_used_of_it() -> None:
    client = Client("127.0.0.1", 1, lambda _client, _event: None)
    assert client._reader is None
    assert client._writer is None
    assert inspect.iscoroutinefunction(client._clear_connection)


def test_without_the_package_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "statefocus.devices.indi.client", raising=False)
    monkeypatch.setitem(sys.modules, "indipyclient", None)
    with servers() as made, pytest.raises(UsageError, match=r"pip install 'statefocus\[ekos\]'"):
        made.link("focuser", IndiAddress(host="127.0.0.1", device="Toy"), "X")


def test_no_server_is_unreachable_at_once() -> None:
    begun = time.monotonic()
    with servers() as made, pytest.raises(Unreachable, match=r"The focuser at 127.0.0.1:\d+ cannot be reached"):
        made.link("focuser", IndiAddress(host="127.0.0.1", port=free_port(), device="Toy"), "X")
    assert time.monotonic() - begun < 10


def test_devices_that_are_opened_at_the_same_time_share_one_connection() -> None:
    with tiny(FOCUSER) as server, servers() as made, ThreadPoolExecutor(4) as pool:
        links = list(pool.map(lambda _: made.link("focuser", address(server), IndiFocuser.NEEDS), range(4)))
        assert {link.server.connections for link in links} == {1}


def test_a_device_that_is_not_there_is_told_with_those_that_are() -> None:
    with tiny(FOCUSER) as server, servers() as made, pytest.raises(Unreachable, match="no device 'Tiy'; it has Toy"):
        made.link("focuser", address(server, "Tiy"), IndiFocuser.NEEDS)


def test_a_device_of_another_kind_is_told() -> None:
    with tiny(CONNECTED) as server, servers() as made, pytest.raises(Protocol, match="has no ABS_FOCUS_POSITION"):
        made.link("focuser", address(server), IndiFocuser.NEEDS)


def test_a_device_that_is_off_is_switched_on() -> None:
    off = defined("Switch", "CONNECTION", CONNECT="Off", DISCONNECT="On")
    with tiny(off + POSITION, echoed) as server, servers() as made:
        made.link("focuser", address(server), IndiFocuser.NEEDS)
        assert server.heard == ["CONNECTION"]


def test_hardware_that_cannot_be_connected_is_told_in_its_words() -> None:
    off = defined("Switch", "CONNECTION", CONNECT="Off", DISCONNECT="On")

    def refuse(element: ET.Element) -> str:
        for one in element:
            one.text = "On" if one.get("name") == "DISCONNECT" else "Off"
        return echoed(element, "Alert", "no such port")

    with tiny(off + POSITION, refuse) as server, servers() as made, pytest.raises(Refused, match="says: no such port"):
        made.link("focuser", address(server), IndiFocuser.NEEDS)


def focuser(made: Servers, server: TinyServer, limit_s: float = 1.0) -> Focuser:
    driver = IndiFocuser(made.link("focuser", address(server), IndiFocuser.NEEDS))
    return Focuser(driver, FocuserSettings(move_timeout_s=limit_s), RealClock())


def test_what_a_focuser_does_not_have_is_not_invented() -> None:
    with tiny(FOCUSER) as server, servers() as made:
        toy = focuser(made, server)
        assert toy.temperature_c() is None
        assert toy.driver_compensation() is False
        assert (toy.state().position, toy.state().max_step) == (20_000, 60_000)
        toy.halt()


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("T. Compensate", {"Enable": "On", "Disable": "Off"}),
        ("FOCUS_TEMPERATURE_COMPENSATION", {"TEMP_COMPENSATE_ENABLE": "On", "TEMP_COMPENSATE_DISABLE": "Off"}),
    ],
)
def test_the_drivers_own_compensation_is_switched_and_verified(name: str, members: dict[str, str]) -> None:
    with tiny(FOCUSER + defined("Switch", name, **members), echoed) as server, servers() as made:
        toy = focuser(made, server)
        assert toy.switch_driver_compensation(on=False) is True
        assert toy.driver_compensation() is False


def test_a_focuser_in_alarm_refuses_in_its_own_words() -> None:
    def refuse(element: ET.Element) -> str:
        return echoed(element, "Alert", "[ERROR] The motor is hot.")

    with tiny(FOCUSER, refuse) as server, servers() as made, pytest.raises(Refused, match=r"says: The motor is hot\.$"):
        carried_out(focuser(made, server).move(21_000), RealClock())


def test_a_move_that_nobody_answers_is_not_sent_again() -> None:
    with tiny(FOCUSER) as server, servers() as made:
        toy = focuser(made, server)
        with pytest.raises(Timeout, match="still moves after 1 s: it is at 20000, not at 21000"):
            carried_out(toy.move(21_000), RealClock())
        assert server.heard == ["ABS_FOCUS_POSITION"]


def stopping(stands_at: int | None) -> Answer:
    """A focuser that sets out, and stops when it is told to; or never."""

    def answer(element: ET.Element) -> str:
        if element.get("name") == "ABS_FOCUS_POSITION":
            element[0].text = "20100"
            return echoed(element, "Busy")
        stopped = defined("Number", "ABS_FOCUS_POSITION", FOCUS_ABSOLUTE_POSITION=stands_at)
        return echoed(element) + (stopped if stands_at else "")

    return answer


ABORT = defined("Switch", "FOCUS_ABORT_MOTION", ABORT="Off")


def test_a_halt_waits_until_the_focuser_stands() -> None:
    with tiny(FOCUSER + ABORT, stopping(20_400)) as server, servers() as made:
        toy = focuser(made, server)
        move = toy.move(30_000)
        next(move)
        next(move)
        toy.halt()
        assert toy.position() == 20_400


def test_a_focuser_that_does_not_stop_is_told() -> None:
    with tiny(FOCUSER + ABORT, stopping(None)) as server, servers() as made:
        toy = focuser(made, server)
        move = toy.move(30_000)
        next(move)
        next(move)
        with pytest.raises(Timeout, match=r"still moves 1\.5 s after it was told to stop"):
            toy.halt()


def test_a_camera_that_saves_no_files_says_what_to_write() -> None:
    told = CONNECTED + defined("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=1)
    with tiny(told, echoed) as server, servers() as made:
        camera = IndiCamera(made.link("camera", address(server), IndiCamera.NEEDS), upload="local")
        with pytest.raises(Protocol, match=r'write camera\.indi_upload = "client"'):
            camera.prepare(Shot(1.0))


def test_a_camera_that_exposes_for_somebody_else_is_left_alone() -> None:
    told = CONNECTED + defined("Number", "CCD_EXPOSURE", state="Busy", CCD_EXPOSURE_VALUE=1)
    with tiny(told, echoed) as server, servers() as made:
        camera = IndiCamera(made.link("camera", address(server), IndiCamera.NEEDS), upload="local")
        with pytest.raises(Refused, match="taking a frame for somebody else"):
            camera.prepare(Shot(1.0))
        camera.set_back()
        camera.abort()
        assert server.heard == []


def test_a_mount_that_tells_little_is_unknown() -> None:
    with tiny(CONNECTED + defined("Number", "EQUATORIAL_EOD_COORD", RA=3, DEC=4)) as server, servers() as made:
        link = made.link("telescope", address(server), IndiMount.NEEDS)
        state = Mount(IndiMount(link, RealClock(0.0), 15.0), RealClock()).state()
        assert (state.tracking, state.parked, state.west) == (None, None, False)


def test_a_mount_that_tells_the_sidereal_time_is_believed() -> None:
    told = defined("Number", "EQUATORIAL_EOD_COORD", RA=3, DEC=4) + defined("Number", "TIME_LST", LST="1:30")
    with tiny(CONNECTED + told) as server, servers() as made:
        link = made.link("telescope", address(server), IndiMount.NEEDS)
        assert IndiMount(link, RealClock(), 0.0).hours_to_transit() == pytest.approx(1.5)


def test_a_wheel_without_names_has_none() -> None:
    with tiny(CONNECTED + defined("Number", "FILTER_SLOT", FILTER_SLOT_VALUE=2)) as server, servers() as made:
        wheel = IndiWheel(made.link("filter wheel", address(server), IndiWheel.NEEDS))
        assert (wheel.names(), wheel.slot()) == ([], 1)


def test_a_wheel_that_does_not_turn_says_so_once() -> None:
    told = CONNECTED + defined("Number", "FILTER_SLOT", FILTER_SLOT_VALUE=2)

    def refuse(element: ET.Element) -> str:
        element[0].text = "2"
        return echoed(element, "Alert", "[ERROR] It is jammed.")

    with tiny(told, refuse) as server, servers() as made:
        wheel = IndiWheel(made.link("filter wheel", address(server), IndiWheel.NEEDS))
        wheel.turn(4)
        wheel._link.server.wait(lambda: wheel._link.server.said("Toy") != "", 2.0)
        with pytest.raises(Refused, match="says: It is jammed"):
            wheel.slot()
        assert wheel.slot() == 1


@pytest.mark.parametrize(("state", "safe"), [("Ok", True), ("Busy", True), ("Alert", False), ("Idle", None)])
def test_the_weathers_word(state: str, safe: bool | None) -> None:
    status = defined("Light", "WEATHER_STATUS", state=state, WEATHER_WIND_SPEED="Ok")
    with tiny(CONNECTED + status + defined("Number", "WEATHER_PARAMETERS", RAIN=0)) as server, servers() as made:
        assert IndiSafety(made.link("safety", address(server), IndiSafety.NEEDS)).safe() is safe
        assert IndiConditions(made.link("conditions", address(server), IndiConditions.NEEDS)).temperature_c() is None
