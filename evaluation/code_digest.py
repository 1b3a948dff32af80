"""The code behind an episode, followed along its imports, so that nothing else outdates what has been played.

Modules of this package and of the user's own count with their bytes, installed plug-ins among them. The standard
library and the libraries that this package requires count with their versions.
"""

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import voltran
from voltran.evaluation.files import digest_of
from voltran.evaluation.versions import LIBRARIES

PACKAGE = "voltran"
DATA = ("*.yaml", "*.yml", "*.csv", "*.npz", "*.safetensors")  # what modules read lies beside them
CATALOG = "voltran.envs.registry"  # finds worlds and scenarios by name, which imports do not show
SOURCES = (".py", ".pyw")

_SEEN: dict[Path, tuple[Any, str]] = {}  # file to what this process loaded it as, and its digest when first looked at


def source_digest(modules: frozenset[str]) -> str:
    """Digest of modules and of all that they need, directly or not, with the data beside them.

    Args:
        modules: full names; those of the standard library and of required libraries are left out, as are names that
            are no modules.
    """
    code = Code()
    code.follow(modules)
    return code.digest()


def closure(modules: frozenset[str]) -> dict[str, Path]:
    """Name and file of every module that these need, but for the standard library and required libraries."""
    code = Code()
    code.follow(modules)
    return code.files


def first_other(modules: Mapping[str, str]) -> str:
    """The first of some modules that this process does not have, or has with another text; empty where there is none.

    Args:
        modules: as :meth:`Code.modules` of another process gives them.
    """
    code = Code()
    paths = ((name, code.file(name)) for name in modules)
    return next((name for name, path in paths if path is None or _digest_with_data(path) != modules[name]), "")


class Code:
    """Modules that something needs, found step by step.

    Attributes:
        files: name to file. A module that was loaded by its path, and cannot be imported by its name, has the digest of
            its text behind its name.
        libraries: top-level names of the required libraries that these modules import.
        outdated: names of modules whose files have changed since this process loaded them, as far as it can tell.
    """

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.libraries: set[str] = set()
        self.outdated: set[str] = set()
        self._specs: dict[str, ModuleSpec | None] = {}
        self._seen: set[str] = set()
        self._every_world = False

    def count(self, module: str) -> None:
        """Let a module count, but nothing that it imports."""
        if (path := self.file(module)) is not None:
            self._seen.add(module)
            self._add(module, path, _namespace(module))

    def follow(self, modules: Iterable[str]) -> None:
        """Add modules and all that they need."""
        waiting = list(modules)
        while waiting:
            name = waiting.pop()
            if name in self._seen:
                continue
            self._seen.add(name)
            if (path := self.file(name)) is not None:
                waiting += self._add(name, path, _namespace(name))

    def follow_loaded(self, name: str, path: Path, namespace: Mapping[str, Any]) -> None:
        """Add a module that was loaded by its path, and all that it needs."""
        key = f"{name}#{digest_of(path.read_bytes())[:16]}"
        if key not in self.files:
            self.follow(self._add(name, path, namespace, key))

    def locates(self, name: str) -> bool:
        """Whether a module is one whose code can be read, or that counts with a version."""
        return _is_library(name) or self.file(name) is not None or _is_standard(name, self._spec(name))

    def modules(self) -> dict[str, str]:
        """Digest of every module found that others can find by its name, with the data beside it."""
        named = {name: path for name, path in self.files.items() if "#" not in name and name != "__main__"}
        return {name: _digest_with_data(path) for name, path in named.items()}

    def digest(self) -> str:
        """Digest of everything found."""
        digest = hashlib.sha256(voltran.__version__.encode())
        for name, path in sorted(self.files.items()):
            for label, file in [(name, path), *((data.name, data) for data in _data(path))]:
                digest.update(f"{label} {digest_of(file.read_bytes())}\n".encode())
        if self._every_world:
            digest.update(_scenarios_digest().encode())
        return digest.hexdigest()

    def _add(self, name: str, path: Path, namespace: Mapping[str, Any], key: str = "") -> list[str]:
        """Add a module; returns what it needs by name. What it has loaded by path is followed here."""
        content = path.read_bytes()
        self.files[key or name] = path
        if _has_changed(path, content, namespace.get("__spec__")):
            self.outdated.add(name)
        if path.suffix not in SOURCES:
            return []
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        needed = list(_imports(content, package))
        if name == CATALOG:
            from voltran.envs.registry import world_specs

            self._every_world = True
            needed += [module for spec in world_specs() for module in spec.modules]
        if name.startswith(f"{PACKAGE}."):
            return needed
        parents = [name.rsplit(".", cut)[0] for cut in range(1, name.count(".") + 1)]
        return [*needed, *parents, *self._loaded(namespace)]

    def _loaded(self, namespace: Mapping[str, Any]) -> Iterator[str]:
        """Modules behind the names of a module of one's own, however it came by them."""
        for value in list(namespace.values()):
            if isinstance(value, ModuleType):
                name: str = value.__name__
                around: Mapping[str, Any] = vars(value)
            elif isinstance(value, FunctionType | type):
                name, around = value.__module__, surroundings(value)
            else:
                continue
            if (path := loaded_by_path(name, around)) is None:
                yield name
            elif path.is_file():
                self.follow_loaded(name, path, around)

    def file(self, name: str) -> Path | None:
        """File of a module whose bytes count; None for libraries, and for what is no module."""
        if _is_library(name):
            self.libraries.add(name.partition(".")[0])
            return None
        spec = self._spec(name)
        if spec is None or spec.origin is None or name == PACKAGE or _is_standard(name, spec):
            return None
        path = Path(spec.origin)
        return path if path.is_file() else None

    def _spec(self, name: str) -> ModuleSpec | None:
        """Where a module lies, without importing the packages around it."""
        if name not in self._specs:
            self._specs[name] = self._find(name)
        return self._specs[name]

    def _find(self, name: str) -> ModuleSpec | None:
        if isinstance(loaded := getattr(sys.modules.get(name), "__spec__", None), ModuleSpec):
            return loaded
        parent, _, last = name.rpartition(".")
        path = None
        if parent:
            around = self._spec(parent)
            if around is None or around.submodule_search_locations is None:
                return None
            path = list(around.submodule_search_locations)
        if not last:
            return None
        for finder in sys.meta_path:
            try:
                spec = finder.find_spec(name, path)
            except KeyError:  # a namespace package inside a namespace package that has not been imported
                return _namespace_package(name, [Path(folder, last) for folder in path or ()])
            if spec is not None:
                return spec
        return None


def surroundings(value: FunctionType | type) -> Mapping[str, Any]:
    """The names around a function, or around the methods of a class; empty for a class without any."""
    if isinstance(value, FunctionType):
        return value.__globals__
    members = (getattr(member, "__func__", getattr(member, "fget", member)) for member in vars(value).values())
    own = (member for member in members if isinstance(member, FunctionType) and member.__module__ == value.__module__)
    return next((member.__globals__ for member in own), {})


def loaded_by_path(name: str, namespace: Mapping[str, Any]) -> Path | None:
    """File of a module that nobody can import by this name; None for all others."""
    registered = sys.modules.get(name)
    if namespace.get("__name__") != name or (registered is not None and vars(registered) is namespace):
        return None
    file = namespace.get("__file__")
    return Path(file) if isinstance(file, str) else None


def _namespace_package(name: str, folders: list[Path]) -> ModuleSpec | None:
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder) for folder in folders if folder.is_dir()]
    return spec if spec.submodule_search_locations else None


def _namespace(name: str) -> Mapping[str, Any]:
    """The names in a module, empty where it has not been loaded."""
    return vars(sys.modules[name]) if name in sys.modules else {}


def _has_changed(path: Path, content: bytes, loaded_as: Any) -> bool:
    """Whether a process that loaded a module once, and looked at its file then, now finds another text there."""
    digest = digest_of(content)
    if _SEEN.get(path, (None, ""))[0] is not loaded_as or loaded_as is None:
        _SEEN[path] = loaded_as, digest
    return _SEEN[path][1] != digest


def _is_library(name: str) -> bool:
    return name.partition(".")[0] in LIBRARIES


def _is_standard(name: str, spec: ModuleSpec | None) -> bool:
    """Whether a module is the standard library's, and not one of the user's that hides it."""
    if name.partition(".")[0] not in sys.stdlib_module_names or spec is None:
        return False
    if spec.origin is None or spec.origin in ("built-in", "frozen"):
        return True
    path = Path(spec.origin)
    folders = (sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib"))
    return any(path.is_relative_to(folder) for folder in folders) and "site-packages" not in path.parts


def _data(path: Path) -> list[Path]:
    return sorted(file for pattern in DATA for file in path.parent.glob(pattern) if file.is_file())


def _digest_with_data(path: Path) -> str:
    return digest_of(b"".join(digest_of(file.read_bytes()).encode() for file in (path, *_data(path))))


def _scenarios_digest() -> str:
    folder = resources.files("voltran.configs") / "scenarios"
    files = sorted((item.name, item.read_bytes()) for item in folder.iterdir())
    return digest_of(b"".join(name.encode() + content for name, content in files))


@cache
def _imports(content: bytes, package: str) -> tuple[str, ...]:
    """Names that a module imports, or that might be modules; a text that cannot be parsed imports nothing."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return ()
    return tuple(dict.fromkeys(_imported(tree, package)))


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in _run(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*around, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a text, but for what only type checkers read."""
    yield tree
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for otherwise in node.orelse:
                yield from _run(otherwise)
        else:
            yield from _run(node)
