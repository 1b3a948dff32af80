"""What packages offer by ``__all__``: every name is there, says what it is, and a star brings these and no others."""

import inspect
import subprocess
import sys
import types
from importlib import import_module

import pytest

from tests.house import ROOMS, ROOT

PACKAGES = ["voltran", *(f"voltran.{room}" for room in ROOMS)]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_that_is_offered_is_there_and_says_what_it_is(package: str) -> None:
    module = import_module(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        found = getattr(module, name)
        assert name in dir(module)
        if name == "__version__":
            continue
        assert isinstance(found, types.ModuleType) or callable(found), name
        assert inspect.getdoc(found), name


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name_is_told_what_there_is(package: str) -> None:
    module = import_module(package)
    with pytest.raises(AttributeError, match="no attribute 'unicorn'"):
        module.unicorn  # noqa: B018


def test_a_star_brings_what_is_offered_and_nothing_else() -> None:
    program = "\n".join(
        [
            "import importlib",
            f"for package in {PACKAGES}:",
            "    names = {}",
            "    exec(f'from {package} import *', names)",
            "    offered = importlib.import_module(package).__all__",
            "    assert set(names) - {'__builtins__'} == set(offered), package",
            "print('all')",
        ]
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("all\n", "")
