"""sharing_v0: operators of co-located sites share batteries and solar panels, and buy the rest at changing prices.

    from voltran.envs import sharing_v0
    env = sharing_v0.parallel_env(scenario="sharing12")

Agents ``operator_*``, one for each operator at each infrastructure, choose for their sites between grid and battery,
and how much the grid shall charge it. Every function works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``action_form``: ``"joint"`` (one Discrete) or ``"multi"`` (MultiDiscrete).
- ``reward``: ``"own"`` (each operator its own costs), ``"common"`` (all at an infrastructure the same), ``"saving"``
  (likewise, with stored energy counted at once), or your own (docs/reward.md).
- ``observe``: fields that agents observe (docs/observation.md).
"""

from voltran.envs.environment_functions import environment_functions
from voltran.envs.sharing import WORLD

parallel_env, env, raw_env, central_env, vector_env, central_vector_env, torchrl_env = environment_functions(WORLD)
