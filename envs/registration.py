"""Makes the environments known to Gymnasium's and PettingZoo's registries; nothing is built or imported for it."""

import gymnasium
import pettingzoo


def register_environments() -> None:
    """Register ``voltran/Blackout-v0`` with Gymnasium and ``voltran/blackout_v0`` with PettingZoo, if it can (1.27)."""
    gymnasium.register("voltran/Blackout-v0", entry_point="voltran.envs.blackout_v0:central_env")
    if hasattr(pettingzoo, "register"):
        pettingzoo.register("parallel", "voltran/blackout_v0", entry_point="voltran.envs.blackout_v0:parallel_env")
        pettingzoo.register("aec", "voltran/blackout_v0", entry_point="voltran.envs.blackout_v0:env")
