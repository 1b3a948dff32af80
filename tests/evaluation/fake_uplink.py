"""Made-up results of the uplink, with the time series of a day."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voltran.evaluation.results import ControllerResults, Results
from voltran.evaluation.statistics import summarise

EPISODES = 12


def uplink_results(labels: Sequence[str], folder: Path) -> Results:
    """Results of some controllers, whose time series are written to ``folder``."""
    controllers = {label: _controller(label, place, folder) for place, label in enumerate(labels)}
    return Results(
        world="uplink_v0",
        scenario="uplink20",
        overrides={},
        options={},
        seeds=list(range(EPISODES)),
        first_seed=0,
        n=EPISODES,
        versions={},
        wall_s=1.0,
        controllers=controllers,
        paired={},
    )


def _controller(label: str, place: int, folder: Path) -> ControllerResults:
    spread = np.linspace(0.0, 0.2, EPISODES)
    values = {"energy_efficiency": 0.5 - 0.1 * place + spread, "swaps": np.rint(20 + 5 * place + 50 * spread)}
    name = f"{place}.npz"
    time_h = np.arange(0.0, 24.0, 0.25)
    traffic_mbps = 100.0 + 60.0 * np.sin(time_h / 4.0)
    np.savez(
        folder / name,
        time_h=time_h,
        traffic_mbps=traffic_mbps,
        energy_efficiency=traffic_mbps / (250.0 + 40.0 * place),
        active_ubs=np.rint(traffic_mbps / 20.0) + place,
    )
    return ControllerResults(
        information="global",
        declarations={},
        identity={"name": label},
        n=EPISODES,
        decisions=EPISODES,
        wall_s=1.0,
        trace=name,
        metrics={key: summarise(sample.tolist()) for key, sample in values.items()},
    )
