"""uplink_v0: uplink base stations of a fully decoupled network serve UEs together, and sleep where they are not needed.

    from voltran.envs import uplink_v0
    env = uplink_v0.parallel_env(scenario="uplink20")

Every function works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``architecture``: ``"fd-ran"``, ``"uc-cell-free"``, ``"cell-free"``, ``"small-cell"`` or ``"cellular"``;
  ``idle_sleep``: of ``uc-cell-free``, the probability that a UBS sleeps while it serves nobody.
- ``action_form``: ``"joint"`` (one Discrete per agent) or ``"multi"`` (MultiDiscrete).
- ``reward``: ``"team"``, ``"local"`` or your own (docs/reward.md).
- ``observe``: fields that agents observe, by name, as ``module:attribute`` or themselves (docs/observation.md).
"""

from voltran.envs.environment_functions import environment_functions
from voltran.envs.uplink import WORLD

parallel_env, env, raw_env, central_env, vector_env, central_vector_env, torchrl_env = environment_functions(WORLD)
