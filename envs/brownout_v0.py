"""brownout_v0: base stations in a power cut share, and pay for, the little power that retailers have.

    from voltran.envs import brownout_v0
    env = brownout_v0.parallel_env(scenario="urban19-brownout-medium")

Agents ``bs_*`` choose modes, bands, vehicle power and how much to buy; agents ``retailer_*`` set prices. Every function
works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``action_set``: ``"paper"`` (bands follow the mode) or ``"extended"`` (any bands the mode allows).
- ``action_form``: ``"joint"`` (one Discrete per site) or ``"multi"`` (MultiDiscrete).
- ``reward``: of the sites: ``"team"``, ``"local"`` or ``"mixed"``, less what they pay; or your own (docs/reward.md).
- ``observe``: fields that agents observe, of the sites, or role -> fields (docs/observation.md).
- ``retailer_form``: ``"ladder"`` (one of eleven prices) or ``"box"`` (price and reserved share).
"""

from voltran.envs.brownout import WORLD
from voltran.envs.environment_functions import environment_functions

parallel_env, env, raw_env, central_env, vector_env, central_vector_env, torchrl_env = environment_functions(WORLD)
