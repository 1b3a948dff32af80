"""The course of a batch of market episodes: loads, one clearing per decision period, batteries."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from voltran.envs.energy.generation import OUTLOOK_H, Generation
from voltran.envs.energy.site_batteries import SiteFlows, supply_sites
from voltran.envs.episodes import Episodes
from voltran.envs.market.actions import Situation, usable_kw
from voltran.envs.market.autarky import autarky_usd
from voltran.envs.market.commands import MarketCommands
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.load import LoadSeries, draw_load
from voltran.envs.market.rewards.formulas import lost_load_usd, paper_utility, satisfaction_usd, wear_usd
from voltran.envs.market.state import blank_state
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.market import RetailMarket
from voltran.physics.arrays import FloatArray


class EpisodeDraws(NamedTuple):
    """Everything that an episode's seed decides."""

    load: LoadSeries
    generation: Generation


class Simulation:
    """Worlds of one scenario.

    Args:
        constants: constants.
        episodes: which episodes the batch plays.

    Attributes:
        constants: as given.
        state: what changes.
        market: the retailers' state.
        load_kw, outlook_kw: ``[B, T, M]`` and ``[B, T, M, ahead]``, see ``load.LoadSeries``.
        autarky_usd: ``[B, T]`` welfare of each period, had nobody traded.
        sold_kw: ``[B, M, I]`` what was sold to whom in the latest period.
    """

    def __init__(self, constants: MarketConstants, episodes: Episodes) -> None:
        n_worlds = episodes.n_worlds
        self.constants, self.n_worlds = constants, n_worlds
        self.state = blank_state(constants, episodes)
        self.market = RetailMarket(constants.retail, n_worlds, constants.decisions, constants.period_h)
        self.load_kw = np.zeros((n_worlds, constants.decisions, constants.n_sites))
        self.outlook_kw = np.zeros((*self.load_kw.shape, len(OUTLOOK_H)))
        self.autarky_usd = np.zeros((n_worlds, constants.decisions))
        self.sold_kw = np.zeros((n_worlds, constants.n_sites, constants.n_retailers))
        self._worlds = np.arange(n_worlds)

    def draw(self, seed: int) -> EpisodeDraws:
        """Everything that an episode's seed decides; nothing changes here.

        Raises:
            ScenarioError: a generation file that cannot be used.
        """
        return EpisodeDraws(draw_load(self.constants.scenario, seed), self.market.draw(seed))

    def load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        """Take over what was drawn."""
        for world, draws in drawn.items():
            self.load_kw[world], self.outlook_kw[world] = draws.load
            self.autarky_usd[world] = autarky_usd(self.constants, self.load_kw[world])
            self.market.load(world, draws.generation)

    def begin(self, worlds: Sequence[int]) -> None:
        """Put worlds at the start of their episodes."""
        for world in worlds:
            self.market.begin(world)
            self.state.begin(world, self.constants.initial_soc)

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
        self.sold_kw = sold_kw
        self.market.settle(requested_kw, sold_kw, available_kw, self.constants.period_h)
        self._record(situation.load_kw, requested_kw, sold_kw, flows)
        self.state.soc[...] = flows.soc

    def arrays(self) -> dict[str, Any]:
        """All arrays that change; time series apart."""
        return {"soc": self.state.soc, "market": self.market.arrays()}

    def _period(self) -> Any:
        return np.minimum(self.state.decision, self.constants.decisions - 1)

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
