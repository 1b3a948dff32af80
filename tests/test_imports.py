"""Imports point one way, and a plain install can use every environment."""

import subprocess
import sys
import textwrap

import pytest

from docs.tools import house
from tests.house import ROOMS, ROOT, imports, modules

MAY_IMPORT = {
    "physics": {"physics"},
    "envs": {"physics", "envs", "configs"},
    "baselines": {"physics", "envs", "configs", "baselines"},
    "agents": {"physics", "envs", "configs", "agents"},
    "evaluation": {"physics", "envs", "configs", "baselines", "agents", "evaluation"},
    "datasets": {"physics", "envs", "configs", "baselines", "agents", "evaluation", "datasets"},
    "train": {"physics", "envs", "configs", "baselines", "agents", "evaluation", "train"},
    "experiments": {"physics", "envs", "configs", "baselines", "agents", "evaluation", "experiments"},
    "configs": set(),
}
LEARNING = {"torch", "torchrl", "tensordict", "stable_baselines3", "sb3_contrib", "safetensors", "tensorboard"}
# Faces for libraries that a plain install does not bring; whoever asks for one imports its module.
LEARNING_FILES = ("datasets/torch_batches.py", "envs/faces/torchrl.py", "envs/faces/vector.py")
PICTURES = {"matplotlib"}
SOLVERS = {"ortools"}


def violations(path: str, source: str) -> list[str]:
    """Imports of a module that the house's plan forbids, each as a sentence."""
    room = path.split("/")[0]
    learns = room in {"agents", "train"} or path in LEARNING_FILES
    found = []
    for item in imports(path, source):
        names = item.target.split(".")
        if (
            item.top == "voltran"
            and len(names) > 1
            and names[1] in {*ROOMS, "cli"}
            and names[1] not in MAY_IMPORT[room]
        ):
            found.append(f"{path}:{item.line}: {room} must not import {item.target}")
        if item.top in {*ROOMS, "tests"}:
            found.append(f"{path}:{item.line}: import voltran.{item.target}, not {item.target}")
        if item.top in LEARNING and not learns:
            found.append(f"{path}:{item.line}: {item.top} belongs in agents, train and {' and '.join(LEARNING_FILES)}")
        if item.top in SOLVERS and room != "baselines":
            found.append(f"{path}:{item.line}: {item.top} belongs in baselines")
        if item.top in PICTURES and not (room in {"evaluation", "experiments"} or (room == "envs" and item.lazy)):
            found.append(
                f"{path}:{item.line}: {item.top} belongs in evaluation and experiments, or inside a function of envs"
            )
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str) -> None:
    sources = list(modules(room))
    assert sources, f"no modules found in {room}/"
    assert [line for path, source in sources for line in violations(path, source)] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("physics/power.py", "from voltran.envs.world import World"),
        ("physics/power.py", "from voltran import envs"),
        ("envs/blackout/world.py", "from voltran.baselines import make"),
        ("envs/blackout/world.py", "from ...train import cli"),
        ("envs/blackout/world.py", "def f():\n    import voltran.agents.policy"),
        ("baselines/rules.py", "import voltran.agents.policy"),
        ("agents/policy.py", "from voltran.baselines.registry import make"),
        ("agents/policy.py", "if True:\n    from ..baselines import registry"),
        ("envs/world.py", "from physics.power import site_power_kw"),
        ("envs/faces/parallel.py", "import torch"),
        ("envs/faces/central_vector.py", "import torchrl"),
        ("envs/world_faces.py", "def f():\n    import tensordict"),
        ("envs/faces/parallel.py", "def f():\n    from torch.nn import Linear"),
        ("baselines/rules.py", "import stable_baselines3.common"),
        ("evaluation/evaluation.py", "from ortools.sat.python import cp_model"),
        ("envs/blackout/picture.py", "import matplotlib.pyplot as plt"),
        ("baselines/rules.py", "def f():\n    import matplotlib"),
        ("evaluation/evaluation.py", "from voltran.train import ppo"),
        ("evaluation/evaluation.py", "from voltran.experiments import run"),
        ("train/ppo.py", "from voltran.experiments import run"),
        ("experiments/run.py", "from voltran.train import ppo"),
        ("envs/world.py", "from voltran.cli import app"),
    ],
)
def test_forbidden_import_is_found(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("envs/blackout/world.py", "from voltran.physics.power import site_power_kw\nfrom voltran import __version__"),
        ("envs/blackout/world.py", "from ..world import World"),
        ("envs/faces/vector.py", "from stable_baselines3.common.vec_env import VecEnv"),
        ("envs/faces/torchrl.py", "import torch\nfrom torchrl.envs import EnvBase"),
        ("envs/blackout/picture.py", "def draw():\n    import matplotlib"),
        ("baselines/solve.py", "from ortools.sat.python import cp_model"),
        ("agents/policy.py", "import torch\nfrom voltran.envs.controller import Controller"),
        ("train/ppo.py", "from voltran.agents import policy\nfrom voltran.baselines import registry"),
    ],
)
def test_permitted_import_is_left_alone(path: str, source: str) -> None:
    assert violations(path, source) == []


def test_the_picture_of_the_house_is_up_to_date_and_no_arrow_in_it_leads_up() -> None:
    assert house.PICTURE.read_text(encoding="utf-8") == house.drawing(), "run: python -m docs.tools.house"
    level = {room: height for height, floor in enumerate(house.FLOORS) for room, _ in floor}
    assert all(level[room] < level[other] for room, other in house.arrows() if other in level)


BLOCKED = """
    import sys

    class Blocker:
        names = {
            "torch", "torchrl", "tensordict", "stable_baselines3", "sb3_contrib", "safetensors", "tensorboard",
            "matplotlib", "ortools",
        }

        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in self.names:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Blocker())
"""


def run_plain(program: str) -> str:
    """Run a program in a Python that has only what a plain install brings; return what it prints."""
    script = textwrap.dedent(BLOCKED) + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_blocker_hides_what_the_extras_bring() -> None:
    program = """
        for name in ("torch", "matplotlib.pyplot"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                print(error.name)
    """
    assert run_plain(program).split() == ["torch", "matplotlib"]


def test_plain_install_imports_the_environments() -> None:
    program = """
        import voltran.envs
        from voltran.envs import blackout_v0
        print(sorted(Blocker.names & set(sys.modules)), callable(blackout_v0.parallel_env))
    """
    assert run_plain(program).strip() == "[] True"


def test_plain_install_steps_an_environment() -> None:
    program = """
        from voltran.envs import blackout_v0

        env = blackout_v0.parallel_env(scenario="toy3")
        env.reset(seed=0)
        actions = {agent: env.action_space(agent).sample(mask=env.action_mask(agent)) for agent in env.agents}
        rewards = env.step(actions)[1]
        print(len(rewards) == len(env.possible_agents) > 0)
    """
    assert run_plain(program).strip() == "True"


def test_plain_install_says_what_other_faces_need() -> None:
    program = """
        from voltran.envs import blackout_v0
        from voltran.envs.errors import MissingExtraError

        for make in (blackout_v0.vector_env, blackout_v0.torchrl_env):
            try:
                make("toy3", n_worlds=1)
            except MissingExtraError as error:
                print(error)
        print(blackout_v0.central_vector_env("toy3", n_worlds=2).num_envs)
    """
    first, second, third = run_plain(program).splitlines()
    assert "run: pip install 'voltran[train]'" in first
    assert "run: pip install 'torchrl>=0.14' tensordict" in second
    assert third == "2"
