"""market_v0: base stations with loads and batteries buy power from retailers, who set prices.

    from voltran.envs import market_v0
    env = market_v0.parallel_env(scenario="market8")

Agents ``bs_*`` choose how much to buy and what their batteries do; agents ``retailer_*`` set prices. Every function
works without arguments and takes the same world options:

- ``scenario``: name of a shipped scenario or path of a YAML file; ``overrides``: dotted keys and values.
- ``action_form``: of the sites: ``"joint"`` (one Discrete), ``"multi"`` (MultiDiscrete) or ``"box"`` (continuous).
- ``reward``: ``"own"`` (each agent its own dollars), ``"welfare"`` (everybody the same share of what all have), or your
  own (docs/reward.md).
- ``observe``: fields that agents observe, of the sites, or role -> fields (docs/observation.md).
- ``retailer_form``: ``"ladder"`` (one of eleven prices) or ``"box"`` (price and reserved share).
"""

from voltran.envs.environment_functions import environment_functions
from voltran.envs.market import WORLD

parallel_env, env, raw_env, central_env, vector_env, central_vector_env, torchrl_env = environment_functions(WORLD)
