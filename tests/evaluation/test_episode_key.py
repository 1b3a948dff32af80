"""The key of an episode changes with everything that decides the episode, and with nothing else."""

import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module, metadata
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evaluation.own_code import FILES, forget, importable, setting, spec, write_own_code
from tests.house import ROOT, project
from voltran.envs.registry import make_world
from voltran.evaluation import episode_key as keys
from voltran.evaluation.code_digest import Code
from voltran.evaluation.controller_spec import ControllerSpec, parse_controllers
from voltran.evaluation.description import Describer, UntraceableError
from voltran.evaluation.episode_key import EpisodeKey, episode_key
from voltran.evaluation.setting import Setting
from voltran.evaluation.versions import COMPUTING, LIBRARIES


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the user's own code."""
    write_own_code(tmp_path)
    for _ in importable(tmp_path, monkeypatch):
        yield tmp_path


def own_key() -> EpisodeKey:
    key = episode_key(setting(), spec())
    assert not key.untraceable
    return key


NEEDLESS = {"README.md", "own/aside.py", "own/other_world.py", "other.yaml"}


@pytest.mark.parametrize("name", FILES)
def test_the_bytes_of_every_file_that_an_episode_needs_decide_its_key(own: Path, name: str) -> None:
    before = own_key()
    change = "\ndescription: changed\n" if name == "scenario.yaml" else "\n# changed\n"  # of scenarios, content counts
    with (own / name).open("a") as stream:
        stream.write(change)
    forget()
    assert (own_key().digest(1) == before.digest(1)) == (name in NEEDLESS)


def test_a_process_that_runs_older_code_than_the_file_has_is_not_believed(own: Path) -> None:
    before = own_key()
    with (own / "own" / "further.py").open("a") as stream:
        stream.write("# changed\n")
    late = episode_key(setting(), spec())
    assert late.untraceable == "module own.further: its file has changed since Python loaded it; start Python again"
    forget()
    after = own_key()
    assert after.digest(1) not in (before.digest(1), late.digest(1))


def test_times_and_places_of_files_decide_nothing(own: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = own_key()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_own_code(elsewhere)
    program = (
        "from tests.evaluation.own_code import setting, spec\n"
        "from voltran.evaluation.episode_key import episode_key\n"
        "print(episode_key(setting(), spec()).digest(7))\n"
    )
    paths = [ROOT, elsewhere, elsewhere / "site-packages"]
    program = f"import sys\nsys.path[:0] = {[str(path) for path in paths]!r}\n{program}"
    done = subprocess.run([sys.executable, "-c", program], cwd=elsewhere, capture_output=True, text=True)
    assert done.stdout.split() == [before.digest(7)], done.stderr


def another_library(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda asked: "0.0" if asked == name else version(asked))


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    "an option of the world": lambda patch: episode_key(setting(reward="local"), spec()),
    "an option of the controller": lambda patch: episode_key(setting(), spec(gain=2.0)),
    "another world": lambda patch: episode_key(setting("other.yaml"), spec()),
    "an override": lambda patch: episode_key(Setting("scenario.yaml", {"time.horizon_h": 1}, {}), spec()),
    "NumPy": lambda patch: another_library(patch, "numpy"),
    "Python": lambda patch: patch.setattr(platform, "python_version", lambda: "3.99"),
    "the machine": lambda patch: patch.setattr(keys, "elementary_functions", lambda: "another"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_else_decides_an_episode_decides_its_key(
    own: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before = own_key()
    after = CHANGES[what](monkeypatch) or own_key()
    assert not after.untraceable
    assert after.digest(1) != before.digest(1)


def test_seeds_have_keys_of_their_own(own: Path) -> None:
    key = own_key()
    assert len({key.digest(seed) for seed in range(20)}) == 20
    assert json.loads(json.dumps(key.of(3)))["seed"] == 3


@pytest.mark.parametrize(
    ("controller", "library", "counts"),
    [
        ("independent", "numba", True),
        ("independent", "llvmlite", True),
        ("independent", "torch", False),
        ("zoo:blackout", "torch", False),  # played by NumPy
        ("zoo:blackout", "safetensors", True),
        ("msrc-fast", "ortools", True),
        ("msrc-fast", "scipy", True),
    ],
)
def test_a_library_counts_where_the_code_computes_with_it(
    monkeypatch: pytest.MonkeyPatch, controller: str, library: str, counts: bool
) -> None:
    (chosen,) = parse_controllers(controller)
    where = Setting("toy3", {}, {})
    before = episode_key(where, chosen)
    another_library(monkeypatch, library)
    assert (episode_key(where, chosen).digest(0) != before.digest(0)) == counts


def test_what_a_name_stands_for_decides_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from voltran.baselines.entry import Entry
    from voltran.baselines.registry import CONTROLLERS
    from voltran.baselines.rules import RotatingSleep

    def key() -> str:
        return episode_key(Setting("toy3", {}, {}), parse_controllers("rotating-sleep")[0]).digest(0)

    before = key()
    monkeypatch.setitem(CONTROLLERS, "rotating-sleep", Entry(partial(RotatingSleep, keep_helper=1)))
    assert key() != before


def test_code_that_finds_worlds_by_name_needs_all_of_them(own: Path) -> None:
    (own / "own" / "finder.py").write_text("from voltran.envs.registry import make_world\n", encoding="utf-8")
    code = Code()
    code.follow({"own.finder"})
    assert {
        "voltran.envs.market.world",
        "voltran.envs.blackout.world",
        "voltran.envs.uplink.world",
    } <= code.files.keys()


def test_a_controller_of_a_module_loaded_by_its_path_counts_with_its_bytes(tmp_path: Path) -> None:
    def key() -> EpisodeKey:
        found = spec_from_file_location("strategy", path)
        assert found is not None
        assert found.loader is not None
        module = module_from_spec(found)
        found.loader.exec_module(module)
        by_path = ControllerSpec("mine", partial(module.Mine, "mine"), {"name": "mine"})
        return episode_key(Setting("toy3", {}, {}), by_path)

    path = tmp_path / "mine.py"
    path.write_text("class Mine:\n    def __init__(self, name):\n        self.name = name\n")
    first, again = key(), key()
    path.write_text("class Mine:\n    def __init__(self, name):\n        self.name = 2 * name\n")
    assert not first.untraceable
    assert first.digest(0) == again.digest(0) != key().digest(0)


def test_a_class_made_by_a_function_is_followed(own: Path) -> None:
    made = ControllerSpec("mine", partial(import_module("own.controller").made_inside, "mine"), {"name": "mine"})
    before = episode_key(setting(), made)
    with (own / "own" / "controller.py").open("a") as stream:
        stream.write("# changed\n")
    forget()
    made = ControllerSpec("mine", partial(import_module("own.controller").made_inside, "mine"), {"name": "mine"})
    assert not before.untraceable
    assert episode_key(setting(), made).digest(0) != before.digest(0)


def closure_of(gain: float) -> Callable[..., Any]:
    return lambda *arguments: gain


UNTRACEABLE: dict[str, Any] = {
    "a lambda": lambda *arguments: None,
    "a closure": closure_of(2.0),
    "a partial of a lambda": partial(lambda *arguments: None, 1),
    "an object with a lambda": type("Local", (), {})(),
}


@pytest.mark.parametrize("what", UNTRACEABLE)
def test_what_nobody_could_recognise_is_never_taken_for_the_same(own: Path, what: str) -> None:
    unknown = ControllerSpec("mine", UNTRACEABLE[what], {"name": "mine"})
    first, again = (episode_key(setting(), unknown) for _ in range(2))
    assert first.untraceable.startswith("controller: ")
    assert "in a module of its own" in first.untraceable
    assert first.digest(0) != again.digest(0)


def test_what_is_defined_in_main_is_not_recognised() -> None:
    program = (
        "from voltran.evaluation.episode_key import episode_key\n"
        "from voltran.evaluation.controller_spec import ControllerSpec\n"
        "from voltran.evaluation.setting import Setting\n"
        "def build(): ...\n"
        "print(episode_key(Setting('toy3', {}, {}), ControllerSpec('mine', build, {})).untraceable)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("controller: build is defined in __main__"), done.stderr


def test_equal_values_have_equal_descriptions_and_others_have_not() -> None:
    values: list[Any] = [
        None, True, 1, 1.0, "1", b"1", float("nan"), float("inf"), [1], {"a": 1}, {1: 2}, {"a", "b"}, Path("a") / "b",
        np.zeros(2000), np.eye(2000)[0], np.zeros((2, 1000)), np.zeros(2, dtype=np.float32), make_world,
        partial(make_world, "toy3"), partial(make_world, "toy3", reward="local"), parse_controllers("static")[0],
        range(3), 2 + 1j,
    ]  # fmt: skip
    texts = [json.dumps(Describer(Code()).describe(value), sort_keys=True) for value in values]
    assert len(set(texts)) == len(values)
    assert json.dumps(Describer(Code()).describe({"b", "a"})) == texts[11]
    assert Describer(Code()).describe(np.float64(1.5)) == 1.5


def test_a_world_is_known_by_what_it_loads_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forecaster of the sharing world; shipped weights lie beside the code of the zoo, and count with it."""
    followed: list[str] = []
    digest = Code.digest

    def noted(code: Code) -> str:
        followed.extend(map(str, code.files))
        return digest(code)

    monkeypatch.setattr(Code, "digest", noted)
    small = Setting("sharing12", {"network.infrastructures": 1, "time.horizon_h": 1.0}, {})
    assert not episode_key(small, parse_controllers("grid-only")[0]).untraceable
    assert {"voltran.agents.forecasting.predict", "voltran.agents.zoo"} <= set(followed)


def test_what_contains_itself_is_refused() -> None:
    around: list[Any] = []
    around.append(around)
    with pytest.raises(UntraceableError, match="contains itself"):
        Describer(Code()).describe(around)


def test_every_library_that_the_package_requires_is_known() -> None:
    brought = metadata.packages_distributions()
    requirements = project()["project"]
    names = [*requirements["dependencies"]]
    extras = ("train", "solvers", "renewables", "ray")
    names += [name for extra in extras for name in requirements["optional-dependencies"][extra]]
    installed = {name.lower().replace("_", "-") for found in brought.values() for name in found}
    wanted = {name.partition(">")[0].lower() for name in names} & installed
    known = {brought[module][0].lower().replace("_", "-") for module in LIBRARIES if module in brought}
    assert known == wanted
    assert set(COMPUTING) < LIBRARIES
