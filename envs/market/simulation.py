"""The course of a batch of market episodes: loads, one clearing per decision period, batteries."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from voltran.envs.energy.generation import OUTLOOK_H
from voltran.envs.energy.site_batteries import SiteFlows, supply_sites
from voltran.envs.market.actions import Situation, usable_kw
from voltran.envs.market.autarky import autarky_usd
from voltran.envs.market.commands import MarketCommands
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.load import draw_load
from voltran.envs.market.reward import lost_load_usd, paper_utility, satisfaction_usd, wear_usd
from voltran.envs.market.state import blank_state
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.market import RetailMarket
from voltran.envs.world import FloatArray


class Simulation:
    """Worlds of one scenario.

    Args:
        constants: constants.
        n_worlds: batch size.

    Attributes:
        constants: as given.
        state: what changes.
        market: the retailers' state.
        load_kw, outlook_kw: ``[B, T, M]`` and ``[B, T, M, ahead]``, see ``load.LoadSeries``.
        autarky_usd: ``[B, T]`` welfare of each period, had nobody traded.
    """

    def __init__(self, constants: MarketConstants, n_worlds: int) -> None:
        self.constants, self.n_worlds = constants, n_worlds
        self.state = blank_state(constants, n_worlds)
        self.market = RetailMarket(constants.retail, n_worlds, constants.decisions, constants.period_h)
        self.load_kw = np.zeros((n_worlds, constants.decisions, constants.n_sites))
        self.outlook_kw = np.zeros((*self.load_kw.shape, len(OUTLOOK_H)))
        self.autarky_usd = np.zeros((n_worlds, constants.decisions))
        self._worlds = np.arange(n_worlds)

    def start(self, world: int, seed: int) -> None:
        """Put one world at the start of the episode of a seed."""
        self._draw(world, seed)
        self.market.start(world, seed)
        self.state.start(world, seed, self.constants.initial_soc)

    def coming_load_kw(self) -> FloatArray:
        """Loads ``[B, M]`` of the coming period; at the end of an episode, of the last."""
        return np.asarray(self.load_kw[self._worlds, self._period()])

    def coming_outlook_kw(self) -> FloatArray:
        """Outlook ``[B, M, ahead]`` on loads from the coming period."""
        return np.asarray(self.outlook_kw[self._worlds, self._period()])

    def situation(self) -> Situation:
        """Loads and batteries of the coming period."""
        return Situation(self.coming_load_kw(), *self.constants.rooms_kw(self.state.soc))

    def run_period(self, sites: MarketCommands, retailers: RetailerCommands) -> None:
        """One decision period under validated commands."""
        situation = self.situation()
        requested_kw = np.minimum(sites.requested_kw, usable_kw(sites.battery_kw, situation))
        available_kw = self.market.available_at(self.state.decision)
        self.market.open_period(retailers)
        sold_kw = self.market.clear(requested_kw, sites.accepted_price, available_kw)
        # Sites ask for no more than they can use, so that all that is sold is taken.
        flows = supply_sites(
            self.state.soc, situation.load_kw, sold_kw.sum(axis=2), sites.battery_kw, self.constants.period_h,
            self.constants.batteries,
        )  # fmt: skip
        self.market.settle(requested_kw, sold_kw, available_kw, self.constants.period_h)
        self._record(situation.load_kw, requested_kw, sold_kw, flows)
        self.state.soc[...] = flows.soc
        self.state.decision += 1

    def snapshot(self) -> dict[str, Any]:
        """Everything that changes, as copies; loads and generation are drawn again from the seeds."""
        return {"state": self.state.snapshot(), "market": self.market.snapshot()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot of the same scenario and batch size."""
        seeds = snapshot["state"]["seed"]
        started = {world: int(seeds[world]) for world in np.flatnonzero(seeds >= 0).tolist()}
        for world, seed in started.items():
            self._draw(world, seed)
        self.state.restore(snapshot["state"])
        self.market.restore(snapshot["market"], started)

    def _period(self) -> Any:
        return np.minimum(self.state.decision, self.constants.decisions - 1)

    def _draw(self, world: int, seed: int) -> None:
        self.load_kw[world], self.outlook_kw[world] = draw_load(self.constants.scenario, seed)
        self.autarky_usd[world] = autarky_usd(self.constants, self.load_kw[world])

    def _record(self, load_kw: FloatArray, requested_kw: FloatArray, sold_kw: FloatArray, flows: SiteFlows) -> None:
        """Write the period's row of all series."""
        sales, constants = self.market.sales, self.constants
        self.state.record(
            load_kw=load_kw,
            requested_kw=requested_kw,
            bought_kw=flows.bought_kw,
            battery_kw=flows.battery_kw,
            unserved_kw=flows.unserved_kw,
            loss_kw=flows.loss_kw,
            residual_kw=flows.residual_kw,
            soc=flows.soc,
            paid_usd=sales.paid_usd,
            satisfaction_usd=satisfaction_usd(constants, sold_kw, load_kw),
            lost_load_usd=lost_load_usd(constants, flows.unserved_kw),
            wear_usd=wear_usd(constants, flows.battery_kw),
            price=self.market.price,
            available_kw=self.market.available_at(self.state.decision),
            sold_kw=sold_kw.sum(axis=1),
            earned_usd=sales.earned_usd,
            generation_cost_usd=sales.cost_usd,
            profit_usd=self.market.rewards(),
            utility_paper=paper_utility(constants, sold_kw),
        )
