"""Addresses of devices as text, and where focus frames come from."""

from __future__ import annotations

import pytest

from statefocus.errors import Problem, ProfileError
from statefocus.loading import read_profile
from statefocus.profile import Address, IndiAddress, Profile
from statefocus.profile.addresses import address_of
from statefocus.profile.telling import flat

NO_OTHERS = "".join(f'guards.{name} = "not_used"\n' for name in ("tracking", "unparked", "flip_not_imminent", "safe"))


def problem_of(text: str) -> Problem:
    with pytest.raises(ProfileError) as raised:
        read_profile(NO_OTHERS + text, "rig.toml")
    (problem,) = raised.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("indi://127.0.0.1:7625/CCD Simulator", IndiAddress(host="127.0.0.1", port=7625, device="CCD Simulator")),
        ("indi://astro.local/ZWO EAF", IndiAddress(host="astro.local", port=7624, device="ZWO EAF")),
        ("indi://[fe80::1]:7000/X", IndiAddress(host="fe80::1", port=7000, device="X")),
        ("alpaca://192.168.1.20:11111/2", Address(host="192.168.1.20", port=11111, number=2)),
        ("alpaca://nuc/0", Address(host="nuc")),
    ],
)
def test_an_address_as_text(text: str, address: Address | IndiAddress) -> None:
    assert address_of(text) == address


RIG = """[devices]
kind = "real"
camera = { host = "192.168.1.20" }
focuser = "indi://10.0.0.7/ZWO EAF"
filter_wheel = "alpaca://192.168.1.20/1"
"""


def test_protocols_may_be_mixed_and_the_profile_can_be_written_and_read_again() -> None:
    profile = read_profile(NO_OTHERS + RIG, "rig.toml").profile
    devices = profile.devices
    assert devices.camera == Address(host="192.168.1.20")
    assert devices.filter_wheel == Address(host="192.168.1.20", number=1)
    assert flat(profile)["devices.focuser"] == "indi://10.0.0.7:7624/ZWO EAF"
    assert Profile.model_validate(profile.model_dump(mode="json", by_alias=True)) == profile


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("indy://host/Focuser", "write `indi://HOST:PORT/DEVICE NAME` or `alpaca://"),
        ("indi://host", "is no address"),
        ("indi://host:port/Focuser", "is no address"),
        ("indi://host:7624/", "is no address"),
        ("192.168.1.20:11111", "is no address"),
        ("indi://host:99999/Focuser", "has port 99999; a port is a number from 1 to 65535"),
        ("alpaca://host:11111/Focuser", "ends with 'Focuser'; an Alpaca device has a number"),
    ],
)
def test_an_address_that_is_none_is_told_at_its_line(address: str, said: str) -> None:
    problem = problem_of(f'[devices]\nkind = "real"\nfocuser = "{address}"\n')
    assert (problem.code, problem.line) == ("bad-value", 4 + 3)
    assert problem.sentence.startswith("`devices.focuser`:")
    assert said in problem.sentence


def test_a_mistyped_key_of_a_table_is_told_once() -> None:
    problem = problem_of('[devices.focuser]\nhost = "a"\nprot = 1\n')
    assert (problem.code, problem.line, problem.hint) == ("unknown-key", 4 + 3, "Did you mean `port`?")


@pytest.mark.parametrize("kind", ["real", "alpaca"])
def test_real_devices_need_their_addresses(kind: str) -> None:
    assert f'"{kind}" needs an address for camera and focuser' in problem_of(f'devices.kind = "{kind}"\n').sentence


@pytest.mark.parametrize("source", ["command", "host"])
def test_who_has_frames_from_elsewhere_needs_no_camera(source: str) -> None:
    host = "nina" if source == "host" else "embedded"
    text = f'[host]\nkind = "{host}"\n[camera]\nsource = "{source}"\ncommand = ["shoot", "{{file}}"]\n'
    text += '[devices]\nkind = "real"\n'
    assert "needs an address for focuser" in problem_of(text).sentence
    profile = read_profile(f'{NO_OTHERS}{text}focuser = "indi://a/B"\n', "rig.toml").profile
    assert profile.camera.source == source


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('source = "command"\n', "conflict", "needs camera.command"),
        ('command = ["shoot"]\n', "bad-value", "no argument holds {file}"),
        ('command = ["{file}"]\n', "bad-value", "no argument holds {file}"),
        ('command = ["shoot", "{file}", "{exposure}"]\n', "bad-value", "there is no {exposure}; known are {file}, "),
        ('command = "shoot {file}"\n', "bad-value", "tuple"),
        ('source = "comand"\n', "bad-value", "'command'"),
    ],
)
def test_what_is_wrong_with_a_camera_command_is_told_at_its_line(text: str, code: str, said: str) -> None:
    problem = problem_of(f"[camera]\n{text}")
    assert (problem.code, problem.line) == (code, 4 + 2)
    assert said in problem.sentence
