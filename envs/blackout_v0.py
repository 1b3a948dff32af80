"""blackout_v0: base stations on batteries and electric vehicles keep a city connected through a grid outage.

    from voltran.envs import blackout_v0
    env = blackout_v0.parallel_env(scenario="urban19-medium")

Every function works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``action_set``: ``"paper"`` (bands follow the mode) or ``"extended"`` (any bands the mode allows).
- ``action_form``: ``"joint"`` (one Discrete per agent) or ``"multi"`` (MultiDiscrete).
- ``reward``: ``"team"``, ``"local"``, ``"mixed"``, ``module:function`` or a function of the period (docs/reward.md).
- ``observe``: fields that agents observe, by name, as ``module:attribute`` or themselves (docs/observation.md).
"""

from voltran.envs.blackout import WORLD
from voltran.envs.environment_functions import environment_functions

parallel_env, env, raw_env, central_env, vector_env, central_vector_env, torchrl_env = environment_functions(WORLD)
