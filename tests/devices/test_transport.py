"""The wire: every fault of a server comes out as one of our own errors, in time; alpyca's hooks are still there."""

from __future__ import annotations

import inspect
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import alpaca.device
import pytest

from statefocus.devices.alpaca.imagebytes import read_image
from statefocus.devices.alpaca.transport import Wire, value_of
from statefocus.devices.sun import sun_altitude_deg
from statefocus.devices.values import TimeLimits
from statefocus.errors import Protocol, Refused, Timeout, Unreachable

QUICK = TimeLimits(connect_s=0.5, read_s=0.3, image_s=0.3)


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A server that answers each connection in its own way; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    continue
                with connection:
                    connection.settimeout(2)
                    connection.recv(4096)
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join()


def http(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def wire() -> Iterator[Callable[[int], Wire]]:
    made: list[Wire] = []

    def make(port: int) -> Wire:
        made.append(Wire("127.0.0.1", port, "focuser", QUICK))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_alpyca_still_has_the_hooks_that_are_overridden() -> None:
    for hook in ("_get", "_put"):
        assert list(inspect.signature(getattr(alpaca.device.Device, hook)).parameters) == [
            "self",
            "attribute",
            "tmo",
            "data",
        ]


def test_nothing_at_the_address_is_unreachable(wire: Callable[[int], Wire]) -> None:
    with pytest.raises(Unreachable, match="The focuser cannot be reached"):
        wire(9).get("/api/v1/focuser/0/position")


def test_a_server_that_says_nothing_is_a_timeout(wire: Callable[[int], Wire]) -> None:
    silent = threading.Event()
    with (
        answering(lambda _connection: silent.wait(0.6)) as port,
        pytest.raises(Timeout, match=r"within 0.3 s"),
    ):
        wire(port).put("/api/v1/focuser/0/move", {"Position": 1})


def test_an_answer_that_is_cut_off_is_unreachable(wire: Callable[[int], Wire]) -> None:
    with (
        answering(lambda connection: connection.sendall(http(b'{"Va', length=100))) as port,
        pytest.raises(Unreachable),
    ):
        wire(port).put("/x", {})


def test_an_http_error_is_a_protocol_fault_with_its_words(wire: Callable[[int], Wire]) -> None:
    answer = http(b"no such device", "400 Bad Request")
    with (
        answering(lambda connection: connection.sendall(answer)) as port,
        pytest.raises(Protocol, match="no such device"),
    ):
        wire(port).get("/x")


def test_a_command_is_never_sent_twice(wire: Callable[[int], Wire]) -> None:
    seen = []

    def drop(connection: socket.socket) -> None:
        seen.append(connection)

    with answering(drop) as port, pytest.raises(Unreachable):
        wire(port).put("/api/v1/focuser/0/move", {"Position": 1})
    assert len(seen) == 1


def test_a_reading_is_tried_again(wire: Callable[[int], Wire]) -> None:
    answers = [b"", http(b'{"Value":7,"ErrorNumber":0,"ErrorMessage":""}')]
    with answering(lambda connection: connection.sendall(answers.pop(0))) as port:
        assert value_of("focuser", wire(port).get("/x")[1]) == 7


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[1]", b'{"Value":1}', b"null"])
def test_what_is_not_alpaca_is_a_protocol_fault(content: bytes) -> None:
    with pytest.raises(Protocol, match="not Alpaca"):
        value_of("focuser", content)


def test_an_error_number_is_a_refusal() -> None:
    with pytest.raises(Refused, match=r"The focuser says: parked \(0x408\)"):
        value_of("focuser", json.dumps({"ErrorNumber": 0x408, "ErrorMessage": "parked"}).encode())


@pytest.mark.parametrize("length", [0, 43, 44, 200])
def test_an_image_that_is_short_is_a_protocol_fault(length: int) -> None:
    whole = b"".join(value.to_bytes(4, "little") for value in (1, 0, 0, 0, 44, 2, 8, 2, 10, 10, 0)) + bytes(200)
    with pytest.raises(Protocol):
        read_image("camera", whole[:length])


def test_the_sun_is_where_it_is_without_a_network() -> None:
    midsummer_noon_at_greenwich = 1_782_043_200.0
    assert sun_altitude_deg(midsummer_noon_at_greenwich, 51.48, 0.0) == pytest.approx(61.9, abs=0.3)
    assert sun_altitude_deg(midsummer_noon_at_greenwich + 43_200, 51.48, 0.0) == pytest.approx(-15.1, abs=0.3)
