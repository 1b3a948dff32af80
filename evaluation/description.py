"""Values written down as JSON, so that equal descriptions mean equal values, in every process and on every machine.

Functions and classes are described by their names, and their code is followed; so is that of what a text names as
``module:attribute``.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Set
from functools import partial
from importlib import import_module
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from voltran.agents.checksums import bare_content
from voltran.envs.errors import VoltranError
from voltran.envs.references import is_reference
from voltran.evaluation.code_digest import Code, loaded_by_path, surroundings
from voltran.evaluation.files import digest_of

MAIN = "__main__"
PICKLE_PROTOCOL = 4
REMEDY = "define it by name in a module of its own"


class UntraceableError(VoltranError):
    """Something that cannot be described so that another process would know whether it is the same."""


class Describer:
    """Describes values, and collects the code that they need.

    Args:
        code: where to collect it.
    """

    def __init__(self, code: Code) -> None:
        self.code = code
        self._reads_files = False

    def describe(self, value: Any, *, reads_files: bool = False) -> Any:
        """What ``json.dumps`` takes, and what is the same for equal values only.

        Args:
            value: to describe.
            reads_files: whether a text that names a file stands for the file's bytes.

        Raises:
            UntraceableError: a lambda, a closure, something defined interactively or in ``__main__``, or an object that
                cannot be taken apart.
        """
        self._reads_files = reads_files
        try:
            return self._described(value)
        except RecursionError as error:
            raise UntraceableError(f"{type(value).__name__} contains itself; {REMEDY}") from error

    def refer(self, value: Any) -> str:
        """Name of a function or class, whose module is followed.

        Raises:
            UntraceableError: it cannot be found again by its name, or its source cannot be read.
        """
        module, name = str(value.__module__), str(value.__qualname__)
        by_path = self.follow(value)
        if "<" in name or not (by_path or _found(module, name) is value):
            raise UntraceableError(f"{name} of {module} is no name that finds it again; {REMEDY}")
        return f"{module}:{name}"

    def follow(self, value: Any) -> bool:
        """Follow the code of a function or class; returns whether its module was loaded by its path.

        Raises:
            UntraceableError: it is of no module that other processes have, or its source cannot be read.
        """
        module, name = str(value.__module__), str(value.__qualname__)
        if module == MAIN:
            raise UntraceableError(f"{name} is defined in {MAIN}, which other processes do not have; {REMEDY}")
        around = surroundings(value) if isinstance(value, FunctionType | type) else {}
        path = loaded_by_path(module, around)
        if path is not None and path.is_file():
            self.code.follow_loaded(module, path, around)
        elif path is not None or not self.code.locates(module):
            raise UntraceableError(f"{name} of {module}: its source cannot be read; {REMEDY}")
        else:
            self.code.follow({module})
        return path is not None

    def _described(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int):
            return value
        if type(value) is float:
            return value if np.isfinite(value) else {"float": repr(value)}
        if isinstance(value, str | os.PathLike) and type(value).__module__ in ("builtins", "pathlib"):
            text = os.fspath(value)
            self._follow_reference(text)
            return file_identity(text) if self._reads_files and os.path.isfile(text) else text
        if type(value) in (list, tuple):
            return [self._described(item) for item in value]
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, Set):
            return {"set": _sorted(self._described(item) for item in value)}
        return self._other(value)

    def _follow_reference(self, text: str) -> None:
        """Follow the module of a text such as ``my_package.my_module:reward``."""
        module = text.partition(":")[0]
        if is_reference(text) and self.code.locates(module):
            self.code.follow({module})

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        if all(isinstance(key, str) for key in value):
            return {str(key): self._described(item) for key, item in value.items()}
        return {"pairs": _sorted([self._described(key), self._described(item)] for key, item in value.items())}

    def _other(self, value: Any) -> Any:
        if isinstance(value, bytes | bytearray):
            return {"bytes": digest_of(value)}
        if isinstance(value, np.generic):
            return self._described(value.item())
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, ModuleType):
            self.code.follow({value.__name__})
            return {"module": value.__name__}
        if isinstance(value, partial):
            return {"call": self._described([value.func, list(value.args), dict(value.keywords)])}
        if isinstance(value, MethodType):
            return {"method": value.__name__, "of": self._described(value.__self__)}
        if isinstance(value, type | FunctionType | BuiltinFunctionType) or _is_named(value):
            return {"name": self.refer(value)}
        return self._taken_apart(value)

    def _array(self, value: np.ndarray[Any, Any]) -> Any:
        if value.dtype.hasobject:
            return {"array": self._described(value.tolist())}
        return {"array": [value.dtype.str, list(value.shape), digest_of(np.ascontiguousarray(value).tobytes())]}

    def _taken_apart(self, value: Any) -> Any:
        """As pickle would take it apart."""
        self.refer(type(value))
        try:
            parts = value.__reduce_ex__(PICKLE_PROTOCOL)
        except Exception as error:  # whatever an object of somebody else's raises
            raise UntraceableError(f"{type(value).__qualname__} cannot be taken apart ({error}); {REMEDY}") from error
        if isinstance(parts, str):
            return {"name": self.refer(type(value)), "global": parts}
        return {"object": [self._described(list(part) if _is_iterator(part) else part) for part in parts]}


def file_identity(path: str) -> dict[str, str]:
    """Name and digest of a file.

    Raises:
        UntraceableError: it cannot be read.
    """
    try:
        return {"file": Path(path).name, "sha256": digest_of(bare_content(Path(path).read_bytes()))}
    except OSError as error:
        raise UntraceableError(f"file {path}: cannot be read ({error.strerror}); check its permissions") from error


def _found(module: str, name: str) -> Any:
    try:
        value: Any = import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError):
        return None
    return value


def _is_named(value: Any) -> bool:
    """Whether a callable, such as a compiled function, is what a module has under its name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return isinstance(value, Callable) and bool(module and name) and _found(module, name) is value  # type: ignore[arg-type]


def _is_iterator(part: Any) -> bool:
    return hasattr(part, "__next__")


def _sorted(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
