"""Makes the environments known to Gymnasium's and PettingZoo's registries; nothing is built or imported for it."""

import gymnasium
import pettingzoo

# name of the environment's module -> its id with Gymnasium
ENVIRONMENTS = {
    "blackout_v0": "voltran/Blackout-v0",
    "brownout_v0": "voltran/Brownout-v0",
    "market_v0": "voltran/Market-v0",
    "uplink_v0": "voltran/Uplink-v0",
}


def register_environments() -> None:
    """Register each environment's central face with Gymnasium and, from PettingZoo 1.27 on, the others with it."""
    for name, gymnasium_id in ENVIRONMENTS.items():
        module = f"voltran.envs.{name}"
        gymnasium.register(gymnasium_id, entry_point=f"{module}:central_env")
        if hasattr(pettingzoo, "register"):
            pettingzoo.register("parallel", f"voltran/{name}", entry_point=f"{module}:parallel_env")
            pettingzoo.register("aec", f"voltran/{name}", entry_point=f"{module}:env")
