"""Tests of statefocus.profile."""  # noqa: A005  # named as what it tests
