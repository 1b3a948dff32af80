"""The market world ``market_v0``: base stations buy power from retailers, who set prices. Source: [DPA]."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.batch import (
    check_snapshot,
    metrics_of_worlds,
    require_roles,
    require_running,
    worlds_to_reset,
)
from voltran.envs.energy.site_batteries import SiteBatteries
from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.market.actions import MarketCodec, MarketForm
from voltran.envs.market.commands import MarketCommands, check_commands
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.metrics import episode_metrics
from voltran.envs.market.observation import BS_FEATURES, OBSERVATION_VERSION, Observer, site_meaning
from voltran.envs.market.reward import REWARD_KINDS, RewardKind
from voltran.envs.market.scenario import MarketScenario
from voltran.envs.market.simulation import Simulation
from voltran.envs.retail.actions import RetailerCodec, RetailerCommands, RetailerForm
from voltran.envs.retail.observation import RETAILER_FEATURES, retailer_meaning, sight_of
from voltran.envs.retail.protocol import MAY_BE_UNDEFINED
from voltran.envs.world import BoolArray, FloatArray, Role, Transition

# Parts of the welfare, with their signs: payments are transfers, and no part of it.
WELFARE = (("satisfaction_usd", 1.0), ("generation_cost_usd", -1.0), ("lost_load_usd", -1.0), ("wear_usd", -1.0))


class MarketWorld:
    """A batch of market episodes; implements the protocols ``World`` and ``RetailWorld``.

    One decision period: sites say how much they want to buy, at which price at most, and what their batteries do;
    retailers post prices; the market is cleared once; purchases serve loads, batteries what is left, and load that
    nothing serves is lost. Without retailers there are sites only.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        action_form: of sites: "joint" (Discrete), "multi" (MultiDiscrete) or "box".
        reward: "own" (each agent its own dollars) or "welfare" (everybody the same share of what all have).
        retailer_form: of retailers: "ladder" (Discrete) or "box".

    Attributes:
        constants: constants of the scenario.
        market: the retailers' state.
        codec, retailer_codec: of the two roles' actions.

    Raises:
        ScenarioError: an unknown reward or form, or a generation file that cannot be used.
    """

    name = "market_v0"
    render_modes = ("ansi", "rgb_array")

    def __init__(
        self,
        scenario: MarketScenario,
        n_worlds: int = 1,
        *,
        action_form: MarketForm = "joint",
        reward: RewardKind = "own",
        retailer_form: RetailerForm = "ladder",
    ) -> None:
        if reward not in REWARD_KINDS:
            raise ScenarioError(f"reward = {reward!r} is unknown; use one of {', '.join(REWARD_KINDS)}")
        self.scenario, self.n_worlds, self.reward_kind = scenario, n_worlds, reward
        self.constants = MarketConstants(scenario)
        self.codec = MarketCodec(self.constants, action_form)
        self.retailer_codec = RetailerCodec(self.constants.retail, retailer_form)
        self._simulation = Simulation(self.constants, n_worlds)
        self.market = self._simulation.market
        self._observer = Observer(self._simulation)
        self.max_decisions = self.constants.decisions
        self.observation_version, self.action_version = OBSERVATION_VERSION, self.codec.version
        self.roles = self._roles()
        self.state_space = spaces.Box(self._observer.state_low, self._observer.state_high, dtype=np.float32)
        self._identity = scenario.model_dump_json()

    # --- the protocol -------------------------------------------------------------------------------------------------

    def reset(self, seeds: Sequence[int], worlds: BoolArray | None = None) -> None:
        """Start new episodes; see :meth:`voltran.envs.world.World.reset`."""
        for world, seed in worlds_to_reset(seeds, worlds, self.n_worlds).items():
            self._simulation.start(world, seed)

    def step(self, actions: Mapping[str, Any]) -> Transition:
        """Advance by one decision period; see :meth:`voltran.envs.world.World.step`."""
        state = self._simulation.state
        require_running(state.running, state.seed)
        sites, retailers, projected = self._commands(actions)
        self._simulation.run_period(sites, retailers)
        truncated = state.decision >= min(self.max_decisions, self.constants.decisions)
        state.running[:] = ~truncated
        return Transition(
            rewards=self._rewards(),
            terminated=np.zeros(self.n_worlds, dtype=bool),
            truncated=truncated,
            agent_infos=self._agent_infos(projected),
            episode_infos={name: sign * state.latest(name).sum(axis=1) for name, sign in WELFARE},
        )

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, n, F]``; the tables are in docs/market.md."""
        return self._observer.observations()

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[B, S]``."""
        return self._observer.state()

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``."""
        masks = {"bs": self.codec.mask(self._simulation.situation())}
        if self.constants.n_retailers:
            masks["retailer"] = self.retailer_codec.mask(self.n_worlds)
        return masks

    def kpis(self, worlds: BoolArray | None = None) -> dict[str, FloatArray]:
        """Metric -> ``[B]``, over the episodes so far (docs/market.md); NaN outside the mask ``worlds``."""
        return metrics_of_worlds(self._metrics_of, worlds, self._simulation.state.seed, MAY_BE_UNDEFINED)

    def trace(self, world: int = 0) -> dict[str, NDArray[Any]]:
        """Time series of one world: ``time_h``, and those of ``state``: ``[T, M]``, ``[T, I]`` or ``[T]``."""
        series = self._simulation.state.of_world(world)
        start_hour = self.scenario.retail.weather.start_hour
        return {"time_h": start_hour + np.arange(len(series["price"])) * self.constants.period_h, **series}

    def ledger(self) -> dict[str, FloatArray]:
        """Balance of the latest period, quantity -> ``[B, M]``.

        ``bought_kw + battery_kw + unserved_kw`` make up ``load_kw``; ``residual_kw`` counts what batteries store and
        lose. ``money_residual_usd`` is an equal share of what sites paid and retailers did not get.
        """
        state = self._simulation.state
        if (state.decision == 0).any():
            raise EpisodeError("the ledger is empty: a world has made no step since its reset")
        names = ("load_kw", "bought_kw", "battery_kw", "unserved_kw", "loss_kw", "residual_kw", "paid_usd")
        lost_usd = state.latest("paid_usd").sum(axis=1) - state.latest("earned_usd").sum(axis=1)
        share = np.repeat(lost_usd[:, None] / self.constants.n_sites, self.constants.n_sites, axis=1)
        return {**{name: state.latest(name) for name in names}, "money_residual_usd": share}

    def get_state(self) -> dict[str, Any]:
        """Snapshot: seeds (loads and generation are drawn again from them) and state arrays."""
        return {"identity": self._identity, **self._simulation.snapshot()}

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot.

        Raises:
            EpisodeError: the snapshot is of another scenario or batch size; nothing has changed then.
        """
        check_snapshot(snapshot.get("identity"), self._identity, snapshot["state"]["seed"], self.n_worlds)
        self._simulation.restore(snapshot)

    def render(self, mode: str, world: int = 0) -> Any:
        """Picture of one world; see ``viewer``."""
        from voltran.envs.market import viewer

        return viewer.render(self, mode, world)

    # --- what controllers ask -----------------------------------------------------------------------------------------

    @property
    def decision(self) -> NDArray[np.int64]:
        """Decision periods done, ``[B]``."""
        return self._simulation.state.decision.copy()

    @property
    def demand_kw(self) -> FloatArray:
        """Loads of the coming period, ``[B, M]``; after the last, of the last."""
        return self._simulation.coming_load_kw()

    @property
    def charge_room_kw(self) -> FloatArray:
        """Power that batteries can take for the whole period, ``[B, M]``."""
        return self._simulation.situation().charge_room_kw

    @property
    def discharge_room_kw(self) -> FloatArray:
        """Power that batteries can give for the whole period, ``[B, M]``."""
        return self._simulation.situation().discharge_room_kw

    @property
    def soc(self) -> FloatArray:
        """States of charge ``[B, M]``; zero without a battery."""
        return self._simulation.state.soc.copy()

    @property
    def usable_kwh(self) -> FloatArray:
        """Energy that batteries can still deliver, after losses, ``[B, M]``."""
        return self.constants.usable_kwh(self._simulation.state.soc)

    @property
    def has_battery(self) -> BoolArray:
        """Sites with a battery, ``[M]``."""
        return self.constants.has_battery.copy()

    @property
    def battery(self) -> SiteBatteries:
        """Constants of all batteries."""
        return self.constants.batteries

    @property
    def load_series_kw(self) -> FloatArray:
        """Loads of whole episodes, ``[B, T, M]``: for those who may know the future."""
        return self._simulation.load_kw.copy()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _roles(self) -> tuple[Role, ...]:
        """Sites, and retailers where there are any."""
        observer, codec = self._observer, self.retailer_codec
        seen = spaces.Box(observer.bs_low, observer.bs_high, dtype=np.float32)
        sites = Role(
            "bs",
            self.constants.n_sites,
            seen,
            self.codec.space(),
            OBSERVATION_VERSION,
            self.codec.version,
            sees=sight_of(BS_FEATURES),
            meaning=site_meaning(),
        )
        if self.constants.n_retailers == 0:
            return (sites,)
        seen = spaces.Box(observer.retailer_low, observer.retailer_high, dtype=np.float32)
        retailers = Role(
            "retailer",
            self.constants.n_retailers,
            seen,
            codec.space(),
            OBSERVATION_VERSION,
            codec.version,
            sees=sight_of(RETAILER_FEATURES),
            meaning=retailer_meaning(codec.form),
        )
        return (sites, retailers)

    def _commands(self, actions: Mapping[str, Any]) -> tuple[MarketCommands, RetailerCommands, BoolArray]:
        """Validated commands of both roles, and which sites' codes were illegal."""
        require_roles(self.roles, actions)
        shape = (self.n_worlds, self.constants.n_retailers)
        retailers = RetailerCommands(np.zeros(shape), np.zeros(shape))
        if self.constants.n_retailers:
            retailers = self.retailer_codec.commands(actions["retailer"], self.n_worlds)
        asked, shape = actions["bs"], (self.n_worlds, self.constants.n_sites)
        if isinstance(asked, MarketCommands):
            check_commands(asked, shape)
            return asked, retailers, np.zeros(shape, dtype=bool)
        codes = self.codec.validate(asked, self.n_worlds)
        decoded = self.codec.decode(codes, self._simulation.situation())
        return decoded.commands, retailers, decoded.projected

    def _agent_infos(self, projected: BoolArray) -> dict[str, dict[str, NDArray[Any]]]:
        """Role -> key -> ``[B, n]`` about the latest period."""
        sales, unserved_kw = self.market.sales, self._simulation.state.latest("unserved_kw")
        infos: dict[str, dict[str, NDArray[Any]]] = {
            "bs": {
                "projected": projected,
                "bought_kwh": sales.bought_kwh.copy(),
                "unserved_kwh": unserved_kw * self.constants.period_h,
                "paid_usd": sales.paid_usd.copy(),
            },
            "retailer": {
                "price_usd_per_kwh": self.market.price.copy(),
                "sold_kwh": sales.sold_kwh.sum(axis=-1),
                "spilled_kwh": sales.spilled_kwh,
            },
        }
        return {role.name: infos[role.name] for role in self.roles}

    def _rewards(self) -> dict[str, FloatArray]:
        """Role -> ``[B, n]``, USD."""
        state, sizes = self._simulation.state, {role.name: role.count for role in self.roles}
        if self.reward_kind == "welfare":
            welfare = np.sum([sign * state.latest(name).sum(axis=1) for name, sign in WELFARE], axis=0)
            share = welfare[:, None] / sum(sizes.values())
            return {role: np.repeat(share, count, axis=1) for role, count in sizes.items()}
        costs = sum(state.latest(name) for name in ("paid_usd", "lost_load_usd", "wear_usd"))
        own = {"bs": state.latest("satisfaction_usd") - costs, "retailer": state.latest("profit_usd")}
        return {role: own[role] for role in sizes}

    def _metrics_of(self, world: int) -> dict[str, float]:
        done = int(self._simulation.state.decision[world])
        if done == 0:
            raise EpisodeError(f"world {world} has no metrics yet: no step has been made")
        series = self._simulation.state.of_world(world)
        return episode_metrics(self.constants, series, self._simulation.autarky_usd[world, :done])
