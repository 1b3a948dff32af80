"""VoltRAN: multi-agent reinforcement learning for energy-resilient mobile networks.

Base stations on batteries, vehicles and bought power keep people connected. What one needs stands here; each name loads
its part of the package when it is first used.

Environments::

    env = voltran.make("blackout_v0", scenario="toy3")           # PettingZoo's parallel form
    env = voltran.make("toy3", face="central")                   # Gymnasium's; the scenario says which world
    world = voltran.make_world("urban19-medium", n_worlds=8)     # a batch of episodes as arrays

Who plays them::

    controller = voltran.make_controller("msrc:evaluations=50")
    team = voltran.make_controller("bs=zoo:brownout-bs+retailer=cost-plus")
    policy = voltran.load_policy("runs/mine/policy.safetensors")
    trained = voltran.function_policy(choose)                    # codes for observations and masks, by any library

Who plays them best, on the same episodes::

    results = voltran.evaluate("urban19-medium", ["zoo:blackout", "msrc-fast", "static"], seeds=20)

and, with everything that can be said of such a comparison, ``voltran.Evaluation(...).run(...)``.

Whatever has a name can be yours. ``register_world`` and ``register_controller`` add names; packages add theirs by the
entry-point groups ``voltran.worlds`` and ``voltran.controllers``; and ``module:attribute`` stands wherever a name does.
``check_env`` and ``check_controller`` tell whether what you made keeps the rules that others rely on. ``WorldSpec`` is
the declaration of a world, ``BatchedWorld`` what it derives from, ``Metric`` one of its measures, and ``Field`` one of
the quantities that agents observe.

The same on the command line: ``voltran --help``, or ``python -m voltran --help``.
"""

from os.path import dirname, isdir, join
from typing import TYPE_CHECKING

from voltran.offered import offered

if TYPE_CHECKING:
    from voltran.agents.foreign_policy import function_policy
    from voltran.agents.policy import load_policy
    from voltran.baselines.registry import register_controller
    from voltran.envs.base import BatchedWorld
    from voltran.envs.checks import check_env
    from voltran.envs.checks.controllers import check_controller
    from voltran.envs.environment_functions import make
    from voltran.envs.fields import Field
    from voltran.envs.metric import Metric
    from voltran.envs.registry import make_world, register_world
    from voltran.envs.world_spec import WorldSpec
    from voltran.evaluation.controller_spec import make_controller
    from voltran.evaluation.evaluation import Evaluation, evaluate

__version__ = "0.1.0"

if not isdir(join(dirname(__file__), "physics")):  # sources without the links that lead to the rooms
    __path__.append(dirname(dirname(__file__)))

_HOMES = {
    "Evaluation": "voltran.evaluation.evaluation",
    "BatchedWorld": "voltran.envs.base",
    "Field": "voltran.envs.fields",
    "Metric": "voltran.envs.metric",
    "WorldSpec": "voltran.envs.world_spec",
    "check_controller": "voltran.envs.checks.controllers",
    "check_env": "voltran.envs.checks",
    "evaluate": "voltran.evaluation.evaluation",
    "function_policy": "voltran.agents.foreign_policy",
    "load_policy": "voltran.agents.policy",
    "make": "voltran.envs.environment_functions",
    "make_controller": "voltran.evaluation.controller_spec",
    "make_world": "voltran.envs.registry",
    "register_controller": "voltran.baselines.registry",
    "register_world": "voltran.envs.registry",
}

__all__ = [
    "BatchedWorld",
    "Evaluation",
    "Field",
    "Metric",
    "WorldSpec",
    "__version__",
    "check_controller",
    "check_env",
    "evaluate",
    "function_policy",
    "load_policy",
    "make",
    "make_controller",
    "make_world",
    "register_controller",
    "register_world",
]

__getattr__, __dir__ = offered(__name__, _HOMES)
