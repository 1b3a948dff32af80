"""Worlds, their faces for reinforcement-learning libraries, and the conformance suite.

Each world is a module here, such as ``blackout_v0``, with a function for each face: ``blackout_v0.parallel_env(...)``.
"""

from typing import TYPE_CHECKING

from voltran.envs.registry import register_own_worlds
from voltran.offered import offered

if TYPE_CHECKING:
    from voltran.envs.base import BatchedWorld
    from voltran.envs.checks import check_env
    from voltran.envs.environment_functions import make
    from voltran.envs.fields import Field
    from voltran.envs.metric import Metric
    from voltran.envs.registry import make_world, register_world, world_specs
    from voltran.envs.scenario import scenario_names
    from voltran.envs.world_spec import WorldSpec

_HOMES = {
    "BatchedWorld": "voltran.envs.base",
    "Field": "voltran.envs.fields",
    "Metric": "voltran.envs.metric",
    "WorldSpec": "voltran.envs.world_spec",
    "check_env": "voltran.envs.checks",
    "make": "voltran.envs.environment_functions",
    "make_world": "voltran.envs.registry",
    "register_world": "voltran.envs.registry",
    "scenario_names": "voltran.envs.scenario",
    "world_specs": "voltran.envs.registry",
}

__all__ = [
    "BatchedWorld",
    "Field",
    "Metric",
    "WorldSpec",
    "blackout_v0",
    "brownout_v0",
    "check_env",
    "make",
    "make_world",
    "market_v0",
    "register_world",
    "scenario_names",
    "sharing_v0",
    "uplink_v0",
    "world_specs",
]

__getattr__, __dir__ = offered(__name__, _HOMES)

register_own_worlds()
