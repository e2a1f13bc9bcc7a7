"""Puts a mutant into a process, in the place of the file that it was made of."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

from tests.mutants.making import Mutant


class _Swapped(SourceFileLoader):
    """Loads a module with another text."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> Any:
        """Compile the mutant's text instead of the file's."""
        return compile(self._text, self.path, "exec")


class _Finder(MetaPathFinder):
    """Puts a mutant in the place of its module."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Find the mutated module; every other one is somebody else's."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname == self._name else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Swapped(fullname, spec.origin, self._text)
        return spec


def install(mutant: Mutant) -> None:
    """Put a mutant into this process, before anything of statefocus is imported."""
    if mutant.file.endswith(".py"):
        name = mutant.file.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, _Finder(name, mutant.text))
        return
    original = Path.read_text

    def read_text(path: Path, *args: Any, **kwargs: Any) -> str:
        return mutant.text if str(path).endswith(mutant.file) else original(path, *args, **kwargs)

    Path.read_text = read_text  # type: ignore[assignment, method-assign]  # machine files are read by their path
