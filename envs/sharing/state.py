"""Everything that changes during a sharing episode, with a leading world axis."""

from dataclasses import dataclass

import numpy as np

from voltran.envs.episodes import Episodes
from voltran.envs.recorded_state import RecordedState
from voltran.envs.sharing.constants import SharingConstants
from voltran.physics.arrays import FloatArray

# One value per slot and site, infrastructure, agent or world; power is the slot's mean, energy and money its sum.
SITE_SERIES = ("demand_kw", "grid_kw", "battery_kw", "direct_kw", "unserved_kw", "fallback_kw", "requested_kw")
INFRASTRUCTURE_SERIES = (
    "soc", "health", "solar_kw", "solar_charge_kw", "grid_charge_kw", "curtailed_kw", "loss_kw", "residual_kw",
)  # fmt: skip
AGENT_SERIES = ("energy_cost_eur", "charge_cost_eur", "wear_eur", "lost_load_eur", "refill_eur")
WORLD_SERIES = ("price_eur_per_kwh",)


@dataclass
class SharingState(RecordedState):
    """State of a batch of episodes.

    Attributes:
        episodes: which episodes are played, and how far they are.
        soc, health: ``[B, I]`` x and y.
        soc_before: ``[B, I]`` x at the start of the latest slot.
        capacity_kwh: ``[B, I]`` Omega of the day.
        series: name -> ``[B, T, U]``, ``[B, T, I]``, ``[B, T, N]`` or ``[B, T]``, one row per slot.
    """

    soc: FloatArray
    soc_before: FloatArray
    health: FloatArray
    capacity_kwh: FloatArray

    def begin(self, constants: SharingConstants, world: int) -> None:
        """Put one world at the start of an episode."""
        battery = constants.scenario.battery
        self.soc[world] = self.soc_before[world] = battery.initial_soc
        self.health[world] = battery.initial_health
        self.capacity_kwh[world] = battery.capacity_kwh * battery.initial_health
        for values in self.series.values():
            values[world] = 0.0


def blank_state(constants: SharingConstants, episodes: Episodes) -> SharingState:
    """State before the first reset."""
    n_worlds, battery = episodes.n_worlds, constants.scenario.battery
    of_infrastructures, rows = (n_worlds, constants.n_infrastructures), (n_worlds, constants.decisions)
    sizes = [
        (SITE_SERIES, (constants.n_sites,)),
        (INFRASTRUCTURE_SERIES, (constants.n_infrastructures,)),
        (AGENT_SERIES, (constants.n_agents,)),
        (WORLD_SERIES, ()),
    ]
    return SharingState(
        episodes=episodes,
        soc=np.full(of_infrastructures, battery.initial_soc),
        soc_before=np.full(of_infrastructures, battery.initial_soc),
        health=np.full(of_infrastructures, battery.initial_health),
        capacity_kwh=np.full(of_infrastructures, battery.capacity_kwh * battery.initial_health),
        series={name: np.zeros((*rows, *size)) for names, size in sizes for name in names},
    )
