from __future__ import annotations

import http.client
import json
import math
import struct
import time
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from statefocus.observatory import Server, serving

from .night import SMALL, Night, night

COMMON = "connected connecting description devicestate driverinfo driverversion interfaceversion name supportedactions"
READS = {
    "camera": (
        "bayeroffsetx bayeroffsety binx biny camerastate cameraxsize cameraysize canabortexposure canasymmetricbin "
        "canfastreadout cangetcoolerpower canpulseguide cansetccdtemperature canstopexposure ccdtemperature cooleron "
        "coolerpower electronsperadu exposuremax exposuremin exposureresolution fastreadout fullwellcapacity gain "
        "gainmax gainmin gains hasshutter heatsinktemperature imagearray imagearrayvariant imageready ispulseguiding "
        "lastexposureduration lastexposurestarttime maxadu maxbinx maxbiny numx numy offset offsetmax offsetmin "
        "offsets percentcompleted pixelsizex pixelsizey readoutmode readoutmodes sensorname sensortype "
        "setccdtemperature startx starty subexposureduration"
    ),
    "filterwheel": "focusoffsets names position",
    "focuser": ("absolute ismoving maxincrement maxstep position stepsize tempcomp tempcompavailable temperature"),
    "observingconditions": (
        "averageperiod cloudcover dewpoint humidity pressure rainrate skybrightness skyquality skytemperature "
        "starfwhm temperature winddirection windgust windspeed sensordescription?SensorName=Temperature "
        "timesincelastupdate?SensorName="
    ),
    "safetymonitor": "issafe",
    "telescope": (
        "alignmentmode altitude aperturearea aperturediameter athome atpark azimuth canfindhome canpark canpulseguide "
        "cansetdeclinationrate cansetguiderates cansetpark cansetpierside cansetrightascensionrate cansettracking "
        "canslew canslewaltaz canslewaltazasync canslewasync cansync cansyncaltaz canunpark declination "
        "declinationrate doesrefraction equatorialsystem focallength guideratedeclination guideraterightascension "
        "ispulseguiding rightascension rightascensionrate sideofpier siderealtime siteelevation sitelatitude "
        "sitelongitude slewing slewsettletime targetdeclination targetrightascension tracking trackingrate "
        "trackingrates utcdate axisrates?Axis=0 canmoveaxis?Axis=1 "
        "destinationsideofpier?RightAscension=1&Declination=2"
    ),
}
COMMANDS = {
    "camera": (
        "binx biny cooleron fastreadout gain numx numy offset readoutmode setccdtemperature startx starty "
        "subexposureduration abortexposure pulseguide startexposure stopexposure"
    ),
    "filterwheel": "position",
    "focuser": "tempcomp halt move",
    "observingconditions": "averageperiod refresh",
    "safetymonitor": "",
    "telescope": (
        "declinationrate doesrefraction guideratedeclination guideraterightascension rightascensionrate sideofpier "
        "siteelevation sitelatitude sitelongitude slewsettletime targetdeclination targetrightascension tracking "
        "trackingrate utcdate abortslew findhome moveaxis park pulseguide setpark slewtoaltaz slewtoaltazasync "
        "slewtocoordinates slewtocoordinatesasync slewtotarget slewtotargetasync synctoaltaz synctocoordinates "
        "synctotarget unpark"
    ),
}


def ask(server: Server, method: str, path: str, accept: str = "application/json", **form: Any) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    try:
        headers = {"Accept": accept}
        if method == "PUT":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(form) if method == "PUT" else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def value(server: Server, path: str) -> dict[str, Any]:
    status, body = ask(server, "GET", f"/api/v1/{path}")
    assert status == 200, body
    parsed: dict[str, Any] = json.loads(body)
    return parsed


def put(server: Server, path: str, **form: Any) -> dict[str, Any]:
    status, body = ask(server, "PUT", f"/api/v1/{path}", **form)
    assert status == 200, body
    parsed: dict[str, Any] = json.loads(body)
    return parsed


@pytest.mark.parametrize("kind", READS)
def test_every_read_member_answers_or_is_not_implemented(kind: str, served: tuple[Night, Server]) -> None:
    n, server = served
    put(server, f"{kind}/0/connected", Connected="True")
    if kind == "camera":
        put(server, "camera/0/startexposure", Duration=1, Light="true")
        n.clock.sleep(5.0)
    for member in f"{COMMON} {READS[kind]}".split():
        answer = value(server, f"{kind}/0/{member}")
        assert answer["ErrorNumber"] in {0, 0x400}, (member, answer)
        assert ("Value" in answer) == (answer["ErrorNumber"] == 0), member


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_command_exists_and_wants_its_parameters(kind: str, served: tuple[Night, Server]) -> None:
    _, server = served
    parameterless = {"abortexposure", "stopexposure", "halt", "refresh", "abortslew", "findhome", "park", "setpark"}
    parameterless |= {"slewtotarget", "slewtotargetasync", "synctotarget", "unpark"}
    for member in COMMANDS[kind].split():
        status, body = ask(server, "PUT", f"/api/v1/{kind}/0/{member}")
        assert status == (200 if member in parameterless else 400), (member, body)
        assert b"no member" not in body


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("GET", "/api/v1/focuser/1/position", {}),
        ("GET", "/api/v1/focuser/-1/position", {}),
        ("GET", "/api/v1/focuser/a/position", {}),
        ("GET", "/api/v1/rotator/0/position", {}),
        ("GET", "/api/v1/Focuser/0/position", {}),
        ("GET", "/api/v1/focuser/0/Position", {}),
        ("GET", "/api/v1/focuser/0/nothing", {}),
        ("GET", "/api/v2/focuser/0/position", {}),
        ("GET", "/api/v1/focuser/0/move", {}),
        ("GET", "/api/v1/focuser/0/position?ClientTransactionID=-1", {}),
        ("GET", "/api/v1/focuser/0/position?clienttransactionid=many", {}),
        ("GET", "/api/v1/focuser/0/position?ClientID=4294967296", {}),
        ("PUT", "/api/v1/focuser/0/move", {"Position": "1.5"}),
        ("PUT", "/api/v1/focuser/0/move", {"Position": ""}),
        ("PUT", "/api/v1/focuser/0/move", {"position": "100"}),
        ("PUT", "/api/v1/focuser/0/tempcomp", {"TempComp": "yes"}),
        ("PUT", "/api/v1/camera/0/startexposure", {"Duration": "nan", "Light": "true"}),
        ("PUT", "/api/v1/camera/0/startexposure", {"Duration": "1"}),
    ],
)
def test_what_cannot_be_understood_is_a_400_with_a_sentence(
    method: str, path: str, form: dict[str, str], served: tuple[Night, Server]
) -> None:
    status, body = ask(served[1], method, path, **form)
    assert status == 400
    assert len(body) > 10


def test_transaction_ids(served: tuple[Night, Server]) -> None:
    _, server = served
    first = value(server, "focuser/0/name?clienttransactionid=77&CLIENTID=4")
    second = value(server, "focuser/0/name")
    third = put(server, "focuser/0/connect", ClientTransactionID=4294967295)
    assert [answer["ClientTransactionID"] for answer in (first, second, third)] == [77, 0, 4294967295]
    assert second["ServerTransactionID"] == first["ServerTransactionID"] + 1
    assert third["ServerTransactionID"] == second["ServerTransactionID"] + 1


def test_a_device_that_is_not_connected_says_so(served: tuple[Night, Server]) -> None:
    _, server = served
    put(server, "focuser/0/connected", Connected="false")
    assert value(server, "focuser/0/position")["ErrorNumber"] == 0x407
    assert value(server, "focuser/0/name")["ErrorNumber"] == 0
    put(server, "focuser/0/connect")
    assert value(server, "focuser/0/position")["ErrorNumber"] == 0


def test_invalid_values_and_unknown_actions(served: tuple[Night, Server]) -> None:
    _, server = served
    for kind in ("focuser", "filterwheel"):
        put(server, f"{kind}/0/connect")
    refused = put(server, "focuser/0/move", Position=50_001)
    assert (refused["ErrorNumber"], "50001" in refused["ErrorMessage"]) == (0x401, True)
    assert put(server, "filterwheel/0/position", Position=3)["ErrorNumber"] == 0x401
    assert put(server, "focuser/0/action", Action="fly", Parameters="")["ErrorNumber"] == 0x40C
    assert put(server, "focuser/0/commandblind", Command="x", Raw="true")["ErrorNumber"] == 0x400


def test_image_as_bytes_and_as_json_are_one_image_x_first(served: tuple[Night, Server]) -> None:
    n, server = served
    put(server, "camera/0/connect")
    put(server, "camera/0/startexposure", Duration=2, Light="true")
    n.clock.sleep(5.0)
    _, body = ask(
        server, "GET", "/api/v1/camera/0/imagearray?ClientTransactionID=9", "application/imagebytes, application/json"
    )
    header = struct.unpack("<iiIIiiiiiii", body[:44])
    assert header[:3] == (1, 0, 9)
    assert header[4:] == (44, 2, 8, 2, 256, 192, 0)
    pixels = np.frombuffer(body, "<u2", offset=44).reshape(256, 192)
    answer = value(server, "camera/0/imagearray")
    assert (answer["Type"], answer["Rank"]) == (2, 2)
    assert np.array_equal(pixels, np.array(answer["Value"]))


def test_an_error_in_image_bytes(served: tuple[Night, Server]) -> None:
    _, server = served
    put(server, "camera/0/connect")
    put(server, "camera/0/startexposure", Duration=100, Light="true")
    status, body = ask(server, "GET", "/api/v1/camera/0/imagearray", "application/imagebytes")
    assert (status, struct.unpack("<i", body[4:8])[0]) == (200, 0x40B)
    assert body[44:].decode() == "no image is ready"
    put(server, "camera/0/abortexposure")


def test_management(served: tuple[Night, Server]) -> None:
    _, server = served
    versions = json.loads(ask(server, "GET", "/management/apiversions?ClientTransactionID=3")[1])
    assert (versions["Value"], versions["ClientTransactionID"]) == ([1], 3)
    description = json.loads(ask(server, "GET", "/management/v1/description")[1])["Value"]
    assert set(description) == {"ServerName", "Manufacturer", "ManufacturerVersion", "Location"}
    devices = json.loads(ask(server, "GET", "/management/v1/configureddevices")[1])["Value"]
    kinds = {"Camera", "FilterWheel", "Focuser", "ObservingConditions", "SafetyMonitor", "Telescope"}
    assert {device["DeviceType"] for device in devices} == kinds
    assert len({device["UniqueID"] for device in devices}) == 6
    assert ask(server, "GET", "/setup")[0] == 200
    assert ask(server, "GET", "/management/apiversions?ClientTransactionID=x")[0] == 400


def test_a_taken_port_is_told_in_a_sentence(served: tuple[Night, Server]) -> None:
    with (
        pytest.raises(OSError, match=r"cannot listen on 127\.0\.0\.1:\d+ .* choose another port"),
        serving(night().observatory, served[1].port),
    ):
        pytest.fail("two servers on one port")


def test_the_server_stops_and_frees_its_port() -> None:
    with serving(night().observatory) as server:
        value(server, "focuser/0/name")
    with serving(night().observatory, server.port) as again:
        assert again.port == server.port
        value(again, "focuser/0/name")


def test_a_small_call_does_not_wait_for_a_delayed_acknowledgement(served: tuple[Night, Server]) -> None:
    _, server = served
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    took_s = []
    for _ in range(20):
        began = time.perf_counter()
        connection.request("GET", "/api/v1/focuser/0/name")
        connection.getresponse().read()
        took_s.append(time.perf_counter() - began)
    connection.close()
    assert sorted(took_s)[10] < 0.02


def test_server_gone_closes_without_an_answer_and_comes_back() -> None:
    n = night(camera=SMALL, happenings=[{"do": "server_gone", "at_min": 10, "for_min": 5}])
    with serving(n.observatory) as server:
        value(server, "focuser/0/name")
        n.minutes(11)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            ask(server, "GET", "/api/v1/focuser/0/name")
        n.minutes(16)
        value(server, "focuser/0/name")


def test_device_error_breaks_one_device_only() -> None:
    broken = {"do": "device_error", "at_min": 10, "for_min": 5, "device": "focuser", "message": "motor is hot"}
    n = night(camera=SMALL, happenings=[broken])
    with serving(n.observatory) as server:
        for kind in ("focuser", "filterwheel"):
            put(server, f"{kind}/0/connect")
        n.minutes(11)
        answer = value(server, "focuser/0/position")
        assert (answer["ErrorNumber"], answer["ErrorMessage"]) == (0x500, "motor is hot")
        assert put(server, "focuser/0/move", Position=1)["ErrorNumber"] == 0x500
        assert value(server, "filterwheel/0/position")["ErrorNumber"] == 0
        n.minutes(16)
        assert value(server, "focuser/0/position")["Value"] == 25_000


def test_nan_travels_as_json() -> None:
    n = night(camera=SMALL, happenings=[{"do": "sensor_failed", "at_min": 0}])
    with serving(n.observatory) as server:
        put(server, "focuser/0/connect")
        temperature = value(server, "focuser/0/temperature")["Value"]
        assert math.isnan(temperature)
