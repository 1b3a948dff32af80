"""A package of a user's own, written to a folder: a controller, a world, and all the ways in which code is reached."""

import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest

from voltran.envs import registry
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.setting import Setting

SERIES = "time,region,traffic\n2024-01-01 00:00:00,a,1\n"
WORLD = """
import numpy as np
from voltran.envs.scenario import Scenario
from voltran.envs.world_spec import WorldSpec


def build(scenario, n_worlds, reward="none"):
    ...


WORLD = WorldSpec(
    name="own_v0",
    gymnasium_id="own/Own-v0",
    summary="mine",
    world=build,
    scenario=Scenario,
    default_scenario="scenario.yaml",
    metrics=(),
    training_metric="",
)
"""
FILES = {
    "site-packages/plugin/__init__.py": "from plugin.core import GAIN\n",
    "site-packages/plugin/core.py": "GAIN = 1\n",
    "spaces/inner/deep.py": "DEPTH = 1\n",
    "own/__init__.py": "",
    "own/aside.py": "UNUSED = 1\n",
    "own/table.yaml": "a: 1\n",
    "own/relative.py": "from . import further\n",
    "own/further.py": "FAR = 1\n",
    "own/lazy.py": "SLOW = 1\n",
    "own/by_path.py": "LOADED = 1\n",
    "own/controller.py": """
import importlib.util
from pathlib import Path

import plugin
from spaces.inner import deep

from .relative import further

_SPEC = importlib.util.spec_from_file_location("anything", Path(__file__).with_name("by_path.py"))
loaded = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(loaded)


class Mine:
    information = "local"

    def __init__(self, name, gain=1.0):
        self.name = name
        self.gain = gain

    def reset(self, world):
        from own import lazy

    def act(self, world):
        return {}


def made_inside(name):
    class Inner(Mine):
        pass

    return Inner(name)
""",
    "own/world.py": WORLD,
    "own/other_world.py": WORLD.replace("own_v0", "other_v0").replace("Own-v0", "Other-v0"),
    "scenario.yaml": "world: own.world:WORLD\nname: own\ntraffic: {files: {paths: [series.csv]}}\n",
    "other.yaml": "world: own.other_world:WORLD\nname: own\ntraffic: {files: {paths: [series.csv]}}\n",
    "series.csv": SERIES,
    "weights.bin": "1",
    "README.md": "Mine.",
}


def write_own_code(folder: Path) -> None:
    """Write all files."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def importable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the packages be imported while a test runs."""
    monkeypatch.setattr(registry, "_SPECS", dict(registry._SPECS))  # what a test registers ends with it
    monkeypatch.setattr(registry, "_register_elsewhere", lambda spec: None)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.syspath_prepend(str(folder / "site-packages"))
    yield
    forget()


def forget() -> None:
    """Let the next import read the files again, as a new process would."""
    invalidate_caches()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("own", "plugin", "spaces")]:
        del sys.modules[name]
    for name in ("own_v0", "other_v0"):
        registry._SPECS.pop(name, None)


def setting(scenario: str = "scenario.yaml", **options: Any) -> Setting:
    """A setting in the world of the user's own."""
    return Setting(scenario, {}, options)


def spec(**options: Any) -> ControllerSpec:
    """The controller of the user's own."""
    builder = partial(import_module("own.controller").Mine, "mine", **options)
    return ControllerSpec("mine", builder, {"name": "mine"}, files=("weights.bin",))
