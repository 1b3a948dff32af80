"""What there is to see of one market world: batteries now, and everything traded so far."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.simulation import Simulation
from voltran.physics.arrays import FloatArray


@dataclass(frozen=True)
class Scene:
    """What one world looks like.

    Attributes:
        title: scenario and seed.
        played_by: who plays; empty where nobody has said.
        constants: constants.
        time_h: hours since the first midnight, now.
        soc: ``[M]`` states of charge, now.
        past: time series of the episode so far, as the world's ``trace`` gives them.
    """

    title: str
    played_by: str
    constants: MarketConstants
    time_h: float
    soc: FloatArray
    past: dict[str, FloatArray]

    @property
    def clock(self) -> str:
        """Time of day, as on a clock."""
        minutes = round(60.0 * self.time_h) % (24 * 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    def latest(self, name: str) -> FloatArray:
        """Latest values ``[M]`` or ``[I]`` of a series, zero before the first decision."""
        values = self.past[name]
        return np.asarray(values[-1] if len(values) else np.zeros(values.shape[1:]))

    def total(self, name: str) -> float:
        """Sum of a series over everybody and all periods so far."""
        return float(self.past[name].sum())

    @property
    def welfare_usd(self) -> float:
        """Welfare of the episode so far."""
        spent = self.total("generation_cost_usd") + self.total("lost_load_usd") + self.total("wear_usd")
        return self.total("satisfaction_usd") - spent


def scene_of(simulation: Simulation, world: int, past: Mapping[str, FloatArray], played_by: str = "") -> Scene:
    """Collect what there is to see.

    Args:
        simulation: the batch.
        world: which of its worlds; it has been reset.
        past: time series of the episode so far, with ``time_h``.
        played_by: who plays, as pictures shall say it.
    """
    state, constants = simulation.state, simulation.constants
    hours = float(state.decision[world]) * constants.period_h
    return Scene(
        title=f"{constants.scenario.name}, seed {int(state.episodes.seed[world])}",
        played_by=played_by,
        constants=constants,
        time_h=constants.scenario.retail.weather.start_hour + hours,
        soc=state.soc[world].copy(),
        past=dict(past),
    )
