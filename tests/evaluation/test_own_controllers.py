"""Controllers of one's own, wherever a name stands: classes of any module, registered names, foreign networks."""

import pickle
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module, invalidate_caches
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from voltran import baselines, configs
from voltran.baselines import registry
from voltran.envs import registry as world_registry
from voltran.envs.controller import name_of
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.envs.registry import make_world, register_world
from voltran.evaluation.controller_objects import controller_specs
from voltran.evaluation.controller_spec import make_controller, parse_controllers
from voltran.evaluation.episode_key import episode_key
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.setting import Setting
from voltran.evaluation.task_runner import EvaluationError
from voltran.train.opponents import build_opponents, check_compatible

RULES = '''
import numpy as np


class Mine:
    """Every site does the same."""

    def __init__(self, code: int = 0, word="low") -> None:
        self.code, self.word = code, word

    def reset(self, world) -> None:
        pass

    def act(self, world):
        return {"bs": np.full((world.n_worlds, world.roles[0].count), self.code)}


def normal(code: int = 0):
    return Mine(code)


def needy(code: int):
    return Mine(code)


def open_minded(**options):
    return Mine(**options)


def failing():
    raise KeyError("nothing there")


def broken():
    return 3


class Unprepared(Mine):
    def reset(self, world):
        raise ValueError("cannot read my file")


class Leaving(Mine):
    def act(self, world):
        raise SystemExit(3)


class Silent(Mine):
    def act(self, world):
        return None


class Demanding(Mine):
    world_options = {"nonsense": 3}


class Boastful(Mine):
    information = "everything"


class NoAct:
    def reset(self, world):
        pass


class NoWorld(Mine):
    def act(self):
        return {}


number = 3
'''
NETS = """
import torch


class Stubborn(torch.nn.Module):
    def forward(self, rows):
        return torch.arange(16.0).repeat(len(rows), 1)


ready = Stubborn()


def short(rows):
    return rows[:, :2]
"""


@pytest.fixture(autouse=True)
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules of the user's, from which Python runs."""
    (tmp_path / "own_rules.py").write_text(RULES, encoding="utf-8")
    (tmp_path / "own_nets.py").write_text(NETS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "CONTROLLERS", dict(registry.CONTROLLERS))
    yield tmp_path
    forget()


def forget() -> None:
    """Let the next import read the files again, as a new process would."""
    invalidate_caches()
    for name in ("own_rules", "own_nets"):
        sys.modules.pop(name, None)


def key(text: str) -> str:
    (spec,) = parse_controllers(text)
    found = episode_key(Setting("toy3", {}, {}), spec)
    assert not found.untraceable
    return found.digest(0)


def chosen(text: str) -> list[int]:
    """What a controller does first in the world of three sites."""
    controller, world = make_controller(text), make_world("toy3")
    world.reset([0])
    controller.reset(world)
    return [int(code) for code in controller.act(world)["bs"][0]]


@pytest.mark.parametrize(
    "text",
    ["own_rules:Mine:code=4", "own_rules:normal:code=4", "own_rules:open_minded:code=4", "'own_rules:Mine':code=4"],
)
def test_a_class_or_a_function_of_any_module_is_a_controller(text: str) -> None:
    assert chosen(text) == [4, 4, 4]


def test_in_python_options_may_be_given_apart() -> None:
    controller: Any = make_controller("own_rules:Mine:word='x, y'", code=7)
    assert (controller.code, controller.word) == (7, "x, y")
    assert name_of(controller) == "Mine"
    with pytest.raises(ScenarioError, match="takes no options"):
        make_controller("bs=own_rules:Mine", code=7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("own_rules:NoAct", "class NoAct has no method act; a controller is a class with reset"),
        ("own_rules:NoWorld", r"act\(\) cannot be called with a world .*; define act\(self, world\)"),
        ("own_rules:broken", "an object of type int has no method reset and no act"),
        ("own_rules:number", "an object of type int builds no controllers; name a class, or a function"),
        ("own_rules:failing", r"cannot be built from no options \(KeyError: 'nothing there'\)"),
        ("own_rules:needy", "needs the option 'code'; write own_rules:needy:code=VALUE"),
        ("own_rules:Mine:speed=3", "has no option 'speed'; its options: code, word"),
        ("own_rules:Mine:code=fast", "option code = 'fast' must be a number"),
        ("own_rules:Other", "own_rules has no 'Other'; name something that it defines"),
        ("random:seed", "'seed' has no value; write random:seed=VALUE"),
        ("no_such_module:Mine", "there is no module no_such_module, and 'Mine' is not of the form key=value"),
        ("own_rules.deeper:Mine", "module own_rules.deeper cannot be imported"),
        ("torch:own_rules", "write it as module:attribute"),
        ("torch:own_rules:number", "an object of type int cannot be called with observations"),
    ],
)
def test_what_is_no_controller_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse_controllers(text)


def test_registered_names_are_names_like_others() -> None:
    rules: Any = import_module("own_rules")
    baselines.register_controller("my-rule", rules.Mine, worlds=["blackout_v0"])
    baselines.register_controller("my-rule", rules.Mine, worlds=["blackout_v0"])  # once more is no harm
    assert "my-rule" in baselines.names("blackout_v0")
    assert "my-rule" not in baselines.names("market_v0")
    assert chosen("my-rule:code=2") == [2, 2, 2]
    with pytest.raises(ScenarioError, match=r"'my-rule' is registered already, as <class 'own_rules.Mine'>"):
        baselines.register_controller("my-rule", rules.normal)
    with pytest.raises(ScenarioError, match="'msrc' is registered already"):
        baselines.register_controller("msrc", rules.Mine)
    for name in ("", "a:b", "a b", "a,b", "a+b"):
        with pytest.raises(ScenarioError, match="not a name that can be written"):
            baselines.register_controller(name, rules.Mine)
    with pytest.raises(ScenarioError, match="class NoAct has no method act"):
        baselines.register_controller("lame", rules.NoAct)


def test_installed_packages_offer_controllers(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("their-rule", "own_rules:Mine", registry.ENTRY_POINTS),
        EntryPoint("lame-rule", "own_rules:NoAct", registry.ENTRY_POINTS),
        EntryPoint("lost-rule", "gone:Mine", registry.ENTRY_POINTS),
        EntryPoint("msrc", "own_rules:Mine", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: [point for point in points if point.group == group])
    monkeypatch.setattr(registry, "_BROKEN", {})
    registry._discover_installed.cache_clear()
    assert chosen("their-rule:code=5") == [5, 5, 5]
    assert list(registry.broken_entry_points()) == ["lame-rule", "lost-rule", "msrc"]
    with pytest.raises(
        ScenarioError, match=r"unknown controller 'nobody'.*lame-rule.*no method act.*module gone.*msrc"
    ):
        baselines.make("nobody")
    registry._discover_installed.cache_clear()


def test_workers_import_what_is_named_or_registered(tmp_path: Path) -> None:
    baselines.register_controller("my-rule", import_module("own_rules").Mine)
    specs = parse_controllers("own_rules:Mine:code=1,my-rule:code=1,bs=own_rules:normal:code=1,independent")
    results = Evaluation("toy3", specs, [1, 2]).run(jobs=2, out=tmp_path / "out").controllers
    survival = {label: found.metrics["survival_h"].values for label, found in results.items()}
    assert survival["own_rules:Mine:code=1"] == survival["my-rule:code=1"]
    assert survival["my-rule:code=1"] == survival["bs=own_rules:normal:code=1"]


@pytest.mark.parametrize("text", ["own_rules:Mine", "own_rules:normal", "bs=own_rules:Mine", "my-rule"])
def test_an_edit_of_ones_own_module_plays_anew(own_modules: Path, text: str) -> None:
    def played() -> str:
        registry.CONTROLLERS.pop("my-rule", None)
        baselines.register_controller("my-rule", import_module("own_rules").Mine)
        return key(text)

    before = played()
    assert played() == before
    with (own_modules / "own_rules.py").open("a", encoding="utf-8") as stream:
        stream.write("\n# changed\n")
    forget()
    assert played() != before


def test_opponents_of_a_training_are_written_alike(own_modules: Path) -> None:
    opponents: Any = build_opponents({"bs": "own_rules:Mine:code=2", "retailer": "'own_rules:normal':code=3"})
    assert [opponents[role].code for role in ("bs", "retailer")] == [2, 3]
    with pytest.raises(ScenarioError, match=r"opponents.bs = 'own_rules:Nobody': controller 'own_rules:Nobody'"):
        build_opponents({"bs": "own_rules:Nobody"})


def test_networks_of_torch_play_within_the_masks(own_modules: Path) -> None:
    world = make_world("toy3")
    world.reset([0])
    legal = world.action_masks()["bs"][0]
    assert chosen("torch:own_nets:Stubborn") == chosen("torch:own_nets:ready")
    assert chosen("torch:own_nets:ready") == [int(np.flatnonzero(mask)[-1]) for mask in legal]
    with pytest.raises(ScenarioError, match=r"scores of shape \[3, 2\], expected finite ones of shape \[3, 16\]"):
        chosen("torch:own_nets:short")
    before = key("torch:own_nets:Stubborn")
    with (own_modules / "own_nets.py").open("a", encoding="utf-8") as stream:
        stream.write("\n# changed\n")
    forget()
    assert key("torch:own_nets:Stubborn") != before


@pytest.mark.filterwarnings("ignore")
def test_models_of_stable_baselines_play_as_they_predict(own_modules: Path) -> None:
    from sb3_contrib import MaskablePPO
    from stable_baselines3 import A2C, DQN, PPO

    from voltran.envs import blackout_v0

    rows = blackout_v0.vector_env("toy3", n_worlds=1)
    world = make_world("toy3")
    world.reset([0])
    observed, legal = world.observations()["bs"][0], world.action_masks()["bs"][0]
    for algorithm, more in ((MaskablePPO, {"action_masks": legal}), (PPO, {}), (A2C, {})):
        path = own_modules / f"{algorithm.__name__}, small.zip"
        model = algorithm("MlpPolicy", rows, device="cpu", seed=3)
        model.save(path)
        assert chosen(f"sb3:'{path}'") == model.predict(observed, deterministic=True, **more)[0].tolist()
        with pytest.raises(ScenarioError, match="plays no role of blackout_v0: role bs acts in"):
            make_controller(f"sb3:'{path}'").reset(make_world("toy3", action_form="multi"))
    DQN("MlpPolicy", rows, device="cpu", buffer_size=10).save(own_modules / "dqn.zip")
    (own_modules / "text.zip").write_text("no model", encoding="utf-8")
    for name, message in (("dqn.zip", "only MaskablePPO, PPO and A2C"), ("text.zip", "not a model of Stable-Base")):
        with pytest.raises(FileFormatError, match=message):
            parse_controllers(f"sb3:{own_modules / name}")


def test_what_workers_cannot_find_is_not_recognised_later() -> None:
    baselines.register_controller("nameless", partial(lambda code: import_module("own_rules").Mine(code), 1))
    (spec,) = parse_controllers("nameless")
    assert "in a module of its own" in episode_key(Setting("toy3", {}, {}), spec).untraceable
    with pytest.raises(ScenarioError, match=r"'nameless': worker processes cannot import what builds it .* one job"):
        pickle.dumps(spec)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Unprepared", "reset of controller own_rules:Unprepared raised ValueError: cannot read my file"),
        ("Leaving", "controller own_rules:Leaving, seed 1: SystemExit: 3"),
        ("Silent", "controller own_rules:Silent, seed 1: ActionError: actions are a NoneType; blackout_v0 takes"),
        ("Demanding", "controller Demanding: its world_options name 'nonsense', which blackout_v0 has not"),
        ("Boastful", "information = 'everything': must be one of local, neighbours"),
    ],
)
def test_what_a_controller_does_wrong_in_play_is_an_error_that_names_it(name: str, message: str) -> None:
    with pytest.raises(VoltranError, match=message):
        Evaluation("toy3", parse_controllers(f"own_rules:{name}"), [1]).run()


def test_a_controller_that_leaves_python_does_not_take_the_others_along() -> None:
    with pytest.raises(EvaluationError, match=r"own_rules:Leaving, seed 1: SystemExit: 3 \(1 more episodes failed\)"):
        Evaluation("toy3", parse_controllers("own_rules:Leaving,independent"), [1, 2]).run(jobs=2)


def test_a_class_that_needs_arguments_is_an_error_that_names_it() -> None:
    rules: Any = import_module("own_rules")
    with pytest.raises(VoltranError, match=r"needy.* building it without arguments raised TypeError"):
        controller_specs([rules.needy])


@pytest.mark.parametrize(("name", "message"), [("Unprepared", "cannot read my file"), ("Leaving", "SystemExit: 3")])
def test_what_an_opponent_does_wrong_names_its_role(name: str, message: str) -> None:
    opponents = build_opponents({"bs": f"own_rules:{name}"})
    with pytest.raises(VoltranError, match=f"opponents.bs: controller {name} raised .*{message}"):
        check_compatible(make_world("toy3"), opponents)


@pytest.mark.parametrize("name", [3, "a b"])
def test_a_registered_name_is_a_text(name: Any) -> None:
    with pytest.raises(ScenarioError, match="not a name that can be written"):
        baselines.register_controller(name, import_module("own_rules").Mine)


def test_worlds_of_a_registered_controller_are_a_list() -> None:
    with pytest.raises(ScenarioError, match=r"worlds = 'blackout_v0': give a list, such as \['blackout_v0'\]"):
        baselines.register_controller("own-rule", import_module("own_rules").Mine, worlds="blackout_v0")
    assert "own-rule" not in baselines.names()


def test_workers_know_the_worlds_that_a_script_has_registered(own_modules: Path, tmp_path: Path) -> None:
    text = "from dataclasses import replace\nfrom voltran.envs.blackout import WORLD\n"
    text += "MINE = replace(WORLD, name='mine_v0', gymnasium_id='mine/Mine-v0', scenario='own_world:MineScenario')\n"
    text += "from voltran.envs.blackout.scenario import BlackoutScenario\n"
    text += "class MineScenario(BlackoutScenario):\n    world: str\n"
    (own_modules / "own_world.py").write_text(text, encoding="utf-8")
    invalidate_caches()
    spec = import_module("own_world").MINE
    scenario = tmp_path / "mine.yaml"
    shipped = (Path(configs.__path__[0]) / "scenarios" / "toy3.yaml").read_text(encoding="utf-8")
    scenario.write_text(shipped.replace("world: blackout_v0", "world: mine_v0"), encoding="utf-8")
    try:
        register_world(spec)
        played = [
            Evaluation(scenario, parse_controllers("random"), [1, 2]).run(jobs=jobs).mean("random", "survival_h")
            for jobs in (1, 2)
        ]
        assert played[0] == played[1]
    finally:
        del world_registry._SPECS["mine_v0"]
        del gymnasium.registry["mine/Mine-v0"]


@pytest.mark.parametrize("parts", ["controller", "options"])
def test_what_workers_cannot_import_is_said_before_anything_is_played(parts: str) -> None:
    specs = controller_specs([lambda: baselines.make("random")] if parts == "controller" else "random")
    options = {"reward": lambda period: period.world.soc} if parts == "options" else {}
    evaluation = Evaluation("toy3", specs, [1], options=options)
    assert list(evaluation.run().controllers) == ["random"]
    with pytest.raises(ScenarioError, match=rf"{parts}.*worker processes cannot import .* or play with one job"):
        evaluation.run(jobs=2)
