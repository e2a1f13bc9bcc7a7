"""Mutation testing: see `tests.mutants.__main__`."""
