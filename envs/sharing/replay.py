"""How sharing looks while it plays: batteries with their panels, operators around them, and what flows to whom.

Infrastructures have no places; they stand on rings in the order of their numbers, and their operators around them.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from voltran.envs.replay.base import WorldReplay, places_m
from voltran.envs.replay.stage import Joined, Links, Moment, Quantity, Stage, State, Things
from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.state import AGENT_SERIES
from voltran.envs.world import Transition
from voltran.physics.arrays import BoolArray, FloatArray, IntArray

APART_M, AROUND_M = 100.0, 30.0
SMALL_KW = 1e-9  # less is rounding
GRID_ON, OUTAGE, WORN_OUT = range(3)
PLACE_STATES = (
    State("Grid supplies", "first", "hexagon"),
    State("Grid outage", "poor", "diamond"),
    State("Battery worn out", "idle", "square"),
)
FROM_GRID, FROM_BATTERY, SHORT, WAITING = range(4)
OPERATOR_STATES = (
    State("On the grid", "second", "circle"),
    State("On the battery", "good", "diamond"),
    State("Not served in full", "lost", "cross"),
    State("Before the first slot", "idle", "ring"),
)
SOC = Quantity("soc", "State of charge", "", 3, 0.0, 1.0)
OF_PLACES = (
    Quantity("health", "State of health", "", 4, 0.0, 1.0),
    Quantity("solar_kw", "From panels", "kW", 3),
    Quantity("solar_charge_kw", "Charged by panels", "kW", 3),
    Quantity("grid_charge_kw", "Charged by the grid", "kW", 3),
    Quantity("curtailed_kw", "Not used of panels", "kW", 3),
    Quantity("loss_kw", "Lost in the battery", "kW", 3),
    Quantity("residual_kw", "Residual of the ledger", "kW", 3),
)
OF_OPERATORS = (
    Quantity("demand_kw", "Load", "kW", 3),
    Quantity("grid_kw", "From the grid", "kW", 3),
    Quantity("battery_kw", "From the battery", "kW", 3),
    Quantity("direct_kw", "From panels", "kW", 3),
    Quantity("unserved_kw", "Unserved", "kW", 3),
    Quantity("fallback_kw", "From the grid, as the battery had no more", "kW", 3),
)
COSTS = (
    Quantity("energy_cost_eur", "Paid for power", "EUR", 4),
    Quantity("charge_cost_eur", "Paid for charging", "EUR", 4),
    Quantity("wear_eur", "Wear of the battery", "EUR", 4),
    Quantity("lost_load_eur", "Cost of load not served", "EUR", 4),
    Quantity("refill_eur", "Paid for refilling at the end", "EUR", 4),
)
TEXTS = {"decision": "Decision", "reason": "Why"}
STRIPS = (
    Quantity("price", "Price of the grid", "EUR/kWh", 3),
    Quantity("cost_eur", "Cost of the slot", "EUR", 3),
    Quantity("demand_kw", "Load of all sites", "kW", 2, 0.0),
    Quantity("grid_kw", "From the grid", "kW", 2, 0.0),
    Quantity("battery_kw", "From batteries", "kW", 2, 0.0),
    Quantity("solar_kw", "From panels", "kW", 2, 0.0),
    Quantity("grid_charge_kw", "Charged by the grid", "kW", 2, 0.0),
    Quantity("unserved_kw", "Unserved", "kW", 2, 0.0),
    Quantity("soc", "Mean state of charge", "%", 1, 0.0, 100.0),
)
GIVEN = Links("given", "Power from the battery", "places", "operators", "kW", "good")


class SharingReplay(WorldReplay):
    """See :class:`~voltran.envs.replay.base.WorldReplay`."""

    def __init__(self, world: Any, index: int = 0) -> None:
        super().__init__(world, index)
        self._grid_is_on = self._grid_gives()

    @property
    def stage(self) -> Stage:
        """Infrastructures on rings, with their operators around them."""
        constants = self._constants
        places = [str(place) for place in range(constants.n_infrastructures)]
        operators = [f"operator_{agent}" for agent in range(constants.n_agents)]
        return Stage(
            things=[
                Things("places", "Infrastructures", self._places_m, PLACE_STATES, places, "soc", [SOC, *OF_PLACES]),
                Things(
                    "operators", "Operators", self._operators_m(), OPERATOR_STATES, operators, None,
                    [*OF_OPERATORS, *COSTS], TEXTS,
                ),
            ],
            links=[GIVEN],
            strips=STRIPS,
            measured=False,
        )  # fmt: skip

    def ask(self, actions: Mapping[str, Any]) -> None:
        """Take note of what is asked for, and of where the grid supplies in the slot that comes."""
        super().ask(actions)
        self._grid_is_on = self._grid_gives()

    def moment(self, transition: Transition | None = None) -> Moment:
        """See :class:`~voltran.envs.replay.base.WorldReplay`."""
        constants, index = self._constants, self.index
        row: dict[str, FloatArray] = self.world._simulation.state.row_of(index)
        flows = {each.key: constants.by_agent(row[each.key]) for each in OF_OPERATORS}
        battery_kw = np.nan_to_num(flows["battery_kw"])
        given = np.flatnonzero(battery_kw > SMALL_KW)
        return Moment(
            time_h=float(self.world.decision[index]) * constants.period_h,
            states={"places": self._place_states(), "operators": _operator_states(flows)},
            quantities={
                "places": {each.key: row[each.key] for each in OF_PLACES}
                | {"soc": self.world.soc[index], "health": self.world.health[index]},
                "operators": {**flows, **{name: row[name] for name in AGENT_SERIES}},
            },
            texts={"places": {}, "operators": self._texts(flows)},
            links={"given": Joined(constants.agent_infrastructure[given], given, battery_kw[given])},
            strips=self._strips(row),
        )

    @property
    def _constants(self) -> SharingConstants:
        constants: SharingConstants = self.world.constants
        return constants

    @cached_property
    def _places_m(self) -> FloatArray:
        return places_m(self._constants.n_infrastructures, APART_M)

    def _operators_m(self) -> FloatArray:
        """Places ``[N, 2]`` around their infrastructure, from the top on."""
        of_agent = self._constants.agent_infrastructure
        rank = np.arange(len(of_agent)) - np.searchsorted(of_agent, of_agent)
        angle = np.pi / 2.0 - 2.0 * np.pi * rank / np.bincount(of_agent)[of_agent]
        return np.asarray(self._places_m[of_agent] + AROUND_M * np.stack([np.cos(angle), np.sin(angle)], axis=1))

    def _grid_gives(self) -> BoolArray:
        """Infrastructures ``[I]`` whose grid supplies in the coming slot."""
        return np.asarray(self.world.forecast.grid_limit_now_kw()[self.index] > 0.0)

    def _place_states(self) -> IntArray:
        """How infrastructures were in the latest slot, and before the first how they will be in it."""
        states = np.where(self._grid_is_on, GRID_ON, OUTAGE)
        states[~self.world.usable[self.index]] = WORN_OUT
        return states

    def _texts(self, flows: dict[str, FloatArray]) -> dict[str, list[str]]:
        agents = range(self._constants.n_agents)
        if self.orders is None:
            return dict.fromkeys(TEXTS, [""] * len(agents))
        return {
            "decision": [self._decision(agent) for agent in agents],
            "reason": [self._reason(agent, flows) for agent in agents],
        }

    def _decision(self, agent: int) -> str:
        constants, commands = self._constants, self.orders.commands
        sites = constants.agent_sites[agent][constants.agent_has[agent]]
        on_battery = int(commands.battery_sites[self.index, sites].sum())
        share = float(commands.charge_share[self.index, agent])
        vote = f"votes to charge at {100.0 * share:.0f} %" if share > 0.0 else "votes not to charge"
        return f"{on_battery} of {len(sites)} sites on the battery; {vote}"

    def _reason(self, agent: int, flows: dict[str, FloatArray]) -> str:
        sentences = []
        if self.orders.projected[self.index, agent]:
            sentences.append(
                "Asked for what its mask forbids: to charge from a grid that is off, or a site it has not."
            )
        if flows["fallback_kw"][agent] > SMALL_KW:
            from_grid = f"{flows['fallback_kw'][agent]:.3f} kW came from the grid in its place"
            sentences.append(f"The battery had too little for all; {from_grid}.")
        if not self._grid_is_on[self._constants.agent_infrastructure[agent]]:
            sentences.append(
                "The grid is out: sites live on the battery and on panels as long as these give something."
            )
        return " ".join(sentences) or "As asked."

    def _strips(self, row: dict[str, FloatArray]) -> dict[str, float]:
        names = ("demand_kw", "grid_kw", "battery_kw", "solar_kw", "grid_charge_kw", "unserved_kw")
        return {
            "price": float(row["price_eur_per_kwh"]),
            "cost_eur": sum(float(row[name].sum()) for name in AGENT_SERIES),
            **{name: float(row[name].sum()) for name in names},
            "soc": 100.0 * float(self.world.soc[self.index].mean()),
        }


def _operator_states(flows: dict[str, FloatArray]) -> IntArray:
    """Where most of an operator's power comes from, unless some is lacking."""
    states = np.where(flows["battery_kw"] > flows["grid_kw"], FROM_BATTERY, FROM_GRID)
    states[flows["unserved_kw"] > SMALL_KW] = SHORT
    states[np.isnan(flows["demand_kw"])] = WAITING
    return states
