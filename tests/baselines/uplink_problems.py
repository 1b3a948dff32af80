"""Problems of the uplink for tests of controllers."""

from typing import Any

import numpy as np

from voltran.envs.scenario import apply_overrides
from voltran.envs.uplink.architecture import ArchitectureName, build_architecture
from voltran.envs.uplink.deployment import build_problem, draw_deployment, radio_constants
from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.scenario import UplinkScenario


def draw_problem(
    seed: int,
    n_ues: int = 8,
    n_ubs: int = 20,
    architecture: ArchitectureName = "fd-ran",
    idle_sleep: float = 1.0,
    **overrides: Any,
) -> UplinkProblem:
    """All UEs active at their full minimum rate; overrides such as ``limits__ubs_per_ue=2``."""
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    data = apply_overrides(
        {"name": "test", "description": "test", "world": "uplink_v0"},
        {"layout.n_ubs": n_ubs, "ues.count": n_ues, **dotted},
    )
    scenario = UplinkScenario.model_validate(data)
    network = build_architecture(scenario, architecture, idle_sleep)
    rate_min_mbps = np.full(n_ues, scenario.quality.rate_min_mbps)
    deployment = draw_deployment(scenario, network, seed)
    return build_problem(network, radio_constants(scenario), deployment, rate_min_mbps, np.arange(n_ues))
