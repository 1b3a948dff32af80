"""What there is to see of one sharing world: batteries now, and all that has flowed and been paid so far."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.simulation import Simulation
from voltran.envs.sharing.state import AGENT_SERIES
from voltran.physics.arrays import FloatArray

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_PER_DAY = 24 * 60


@dataclass(frozen=True)
class Scene:
    """What one world looks like.

    Attributes:
        title: scenario and seed.
        played_by: who plays; empty where nobody has said.
        constants: constants.
        time_h: hours since the midnight before the episode, now.
        soc, soc_before: ``[I]`` states of charge, now and a slot ago.
        expected_kw: ``[U]`` demands expected in the coming slot.
        grid_only_eur: what the grid alone would have cost so far.
        past: time series of the episode so far, as the world's ``trace`` gives them.
    """

    title: str
    played_by: str
    constants: SharingConstants
    time_h: float
    soc: FloatArray
    soc_before: FloatArray
    expected_kw: FloatArray
    grid_only_eur: float
    past: dict[str, FloatArray]

    @property
    def clock(self) -> str:
        """Day of the week and time of day."""
        minutes = round(60.0 * self.time_h)
        day, minute = divmod(minutes, MINUTES_PER_DAY)
        return f"{DAYS[day % len(DAYS)]} {minute // 60:02d}:{minute % 60:02d}"

    def latest(self, name: str) -> FloatArray:
        """Latest values of a series, zero before the first slot."""
        values = self.past[name]
        return np.asarray(values[-1] if len(values) else np.zeros(values.shape[1:]))

    def total_kwh(self, name: str) -> float:
        """Energy of a series of powers over everybody and all slots so far."""
        return float(self.past[name].sum()) * self.constants.period_h

    @property
    def cost_eur(self) -> float:
        """What everybody has paid so far."""
        return sum(float(self.past[name].sum()) for name in AGENT_SERIES)


def scene_of(simulation: Simulation, world: int, past: Mapping[str, FloatArray], played_by: str = "") -> Scene:
    """Collect what there is to see.

    Args:
        simulation: the batch.
        world: which of its worlds; it has been reset.
        past: time series of the episode so far, with ``time_h``.
        played_by: who plays, as pictures shall say it.
    """
    state, constants = simulation.state, simulation.constants
    done = int(state.decision[world])
    return Scene(
        title=f"{constants.scenario.name}, seed {int(state.episodes.seed[world])}",
        played_by=played_by,
        constants=constants,
        time_h=constants.scenario.weather.start_hour + done * constants.period_h,
        soc=state.soc[world].copy(),
        soc_before=state.soc_before[world].copy(),
        expected_kw=simulation.forecast.demand_kw(1)[world, :, 0],
        grid_only_eur=float(simulation.grid_only_eur[world, :done].sum()),
        past=dict(past),
    )
