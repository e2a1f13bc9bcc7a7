"""Hosts of other packages: found by their entry point, held against the protocol, and told where they fail it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from statefocus.errors import ProfileError, UsageError
from statefocus.hosts import registry
from statefocus.hosts.embedded import EmbeddedHost
from statefocus.hosts.registry import host_names, make_host
from statefocus.loading import read_profile


class Complete(EmbeddedHost):
    """A host that has everything."""

    def __init__(self, given: Any) -> None:
        self.given = given


class Wordless:
    """A host that cannot be told to go on."""

    attend = hold = abort = leave_paused = stop = filter_is = pause = flip_in_s = close = lambda *_told: None


@pytest.fixture(autouse=True)
def _others(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        EntryPoint("complete", f"{__name__}:Complete", registry.GROUP),
        EntryPoint("wordless", f"{__name__}:Wordless", registry.GROUP),
        EntryPoint("absent", "no_such_package:Host", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: [one for one in there if one.group == group])


def test_a_host_of_another_package_is_found_by_its_name() -> None:
    assert {"embedded", "complete", "wordless"} <= set(host_names())
    given: Any = object()
    made: Any = make_host("complete", given)
    assert made.given is given


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wordless", "The host wordless of test_host_registry:Wordless is no host: it has no method `release`."),
        ("absent", "The host absent of no_such_package:Host cannot be loaded (ModuleNotFoundError: "),
        ("compleet", "There is no host 'compleet'; there are "),
    ],
)
def test_a_host_that_is_none_is_told(name: str, told: str) -> None:
    nothing: Any = None
    with pytest.raises(UsageError) as caught:
        make_host(name, nothing)
    assert told.replace("test_host_registry:", f"{__name__}:") in str(caught.value)


def test_a_profile_that_names_no_host_there_is_is_told_with_its_line() -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile('schema = 1\n[host]\nkind = "compleet"\n', "rig.toml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("unknown-host", 3)
    assert problem.sentence.endswith("Did you mean `complete`?")


def test_another_host_needs_no_plan() -> None:
    assert read_profile('schema = 1\n[host]\nkind = "complete"\n', "rig.toml").doubts == ()


@pytest.mark.parametrize(("host", "wrong"), [("gate", True), ("embedded", True), ("nina", False)])
def test_a_host_that_takes_no_frames_is_told_when_its_frames_are_wanted(host: str, wrong: bool) -> None:
    text = f'schema = 1\n[host]\nkind = "{host}"\n[camera]\nsource = "host"\n'
    if not wrong:
        assert read_profile(text, "rig.toml").profile.camera.source == "host"
        return
    with pytest.raises(ProfileError) as caught:
        read_profile(text, "rig.toml")
    assert [(problem.code, problem.line) for problem in caught.value.problems] == [("no-camera", 5)]
