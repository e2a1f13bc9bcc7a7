"""One session a focuser on one machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from statefocus.devices.owner import sole_owner
from statefocus.errors import UsageError
from statefocus.profile import Address, IndiAddress

MINE = IndiAddress(host="localhost", port=7699, device="Focuser of this test")
AGAIN = IndiAddress(host="127.0.0.1", port=7699, device="Focuser of this test")
OWNS_UNTIL_KILLED = """
import sys, time
from statefocus.devices.owner import sole_owner
from statefocus.profile import IndiAddress
with sole_owner(IndiAddress(host="127.0.0.1", port=7699, device="Focuser of this test")):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_a_second_session_is_refused_and_may_come_afterwards() -> None:
    with sole_owner(MINE):
        with (
            pytest.raises(UsageError, match=r"uses the focuser 127\.0\.0\.1:7699/Focuser of this test: end that"),
            sole_owner(AGAIN),
        ):
            pass
        with sole_owner(Address(port=7699)):  # another focuser
            pass
    with sole_owner(AGAIN):
        pass


def test_a_session_that_was_killed_owns_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNS_UNTIL_KILLED], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(UsageError), sole_owner(AGAIN):
            pass
        other.kill()
        other.wait(10)
    with sole_owner(AGAIN):
        pass
