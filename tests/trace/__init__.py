"""Tests of statefocus.trace."""  # noqa: A005  # named as what it tests
