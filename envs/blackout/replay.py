"""How an outage looks while it plays: sites with their ledgers and decisions, who helps whom, and how users are served.

Flows of a site are those of the latest physics step, as the ledger has them; strips are means over the decision period.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.metric_table import CLASSES
from voltran.envs.blackout.replay_words import Decided, bands_in_words, decision_in_words, reason_in_words
from voltran.envs.blackout.scene import Scene
from voltran.envs.blackout.service import BEST_EFFORT
from voltran.envs.replay.base import WorldReplay, joined_by_size, joined_where
from voltran.envs.replay.stage import Joined, Links, Moment, Quantity, Stage, State, Things
from voltran.envs.world import Transition
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.power import HELPING, NORMAL

SERVED = 0.99  # of the demand of a best-effort user; all others have a rate that they need
FEW = 0.1  # of a site's users; who takes over fewer is not drawn as a helper
TAKEN_OVER = "Users that a helping site takes over, from 10 % of those of the other site on"
SITE_STATES = (
    State("Normal", "second", "circle"),
    State("Helping", "good", "hexagon"),
    State("Assisted", "poor", "diamond"),
    State("Asleep", "idle", "square"),
    State("Down", "lost", "cross"),
)
OWN, OTHER, PARTLY, UNSERVED, BEYOND = range(5)
USER_STATES = (
    State("Served by their own site", "good", "dot"),
    State("Served by another site", "second", "triangle"),
    State("Served in part", "poor", "square"),
    State("Not served", "lost", "ring"),
    State("Out of reach even in normal operation", "idle", "cross"),
)
SOC = Quantity("soc", "State of charge", "", 3, 0.0, 1.0)
LEDGER = (
    Quantity("load_kw", "Load", "kW"),
    Quantity("battery_kw", "From the battery", "kW"),
    Quantity("ev_kw", "From vehicles", "kW"),
    Quantity("grid_kw", "From the grid", "kW"),
    Quantity("unserved_kw", "Unserved", "kW"),
    Quantity("loss_kw", "Lost in batteries", "kW"),
    Quantity("residual_kw", "Residual of the ledger", "kW", 3),
)
OTHERS = (
    Quantity("parked", "Vehicles parked", "", 0, 0.0),
    Quantity("accepting", "Vehicles that give power", "", 0, 0.0),
    Quantity("price", "Price offered to vehicles", "$/kWh", 3, 0.0),
    Quantity("users", "Users served", "", 0, 0.0),
    Quantity("home_service", "Satisfaction of its own users", "%", 1, 0.0, 100.0),
)
TEXTS = {"bands": "Bands that send", "decision": "Decision", "reason": "Why"}
STRIPS = (
    *(Quantity(f"availability_{key}", f"{words} availability", "%", 1, 0.0, 100.0) for key, words in CLASSES.items()),
    Quantity("satisfaction", "Mean satisfaction", "%", 1, 0.0, 100.0),
    Quantity("weighted_service", "Service by priority", "%", 1, 0.0, 100.0),
    Quantity("alive", "Sites in operation", "%", 1, 0.0, 100.0),
    Quantity("soc", "Mean state of charge", "%", 1, 0.0, 100.0),
    Quantity("load_kw", "Load of all sites", "kW", 1, 0.0),
    Quantity("ev_kw", "Power from vehicles", "kW", 1, 0.0),
    Quantity("unserved_kw", "Unserved power", "kW", 2, 0.0),
)


class OutageReplay(WorldReplay):
    """See :class:`~voltran.envs.replay.base.WorldReplay`."""

    ledger: Sequence[Quantity] = LEDGER
    texts: Mapping[str, str] = TEXTS

    def __init__(self, world: Any, index: int = 0) -> None:
        super().__init__(world, index)
        self._was_up: BoolArray = np.asarray(world.alive[index])
        self._allowed: Any = None
        self._ev_share = np.full(len(self._was_up), np.nan)

    @property
    def stage(self) -> Stage:
        """Sites, users, and who helps whom."""
        constants: BlackoutConstants = self.world.constants
        users = Things("users", "Users", self._scene().positions_m, USER_STATES)
        names = [f"bs_{site}" for site in range(constants.n_sites)]
        quantities = [SOC, *self.ledger, *OTHERS]
        sites = Things("sites", "Sites", constants.sites_m, SITE_STATES, names, "soc", quantities, self.texts)
        return Stage(
            things=[users, sites],
            links=[
                Links("help", "Helping sites and those they are linked to", "sites", "sites", "", "first"),
                Links("taken_over", TAKEN_OVER, "sites", "sites", "users", "good"),
            ],
            strips=STRIPS,
            outline_m=_borders_m(constants),
            outline_title="Cells",
        )

    def ask(self, actions: Mapping[str, Any]) -> None:
        """Take note of what is asked for, of what masks allow, and of who is in operation."""
        super().ask(actions)
        world, index = self.world, self.index
        self._was_up, self._allowed = world.alive[index], world.legality()
        offered_kw, asked_kw = world._simulation.state.offered_kw[index], self.orders.commands.ev_power_kw[index]
        nothing = np.full(len(offered_kw), np.nan)
        self._ev_share = np.divide(asked_kw, offered_kw, out=nothing, where=offered_kw > 0.0)

    def moment(self, transition: Transition | None = None) -> Moment:
        """See :class:`~voltran.envs.replay.base.WorldReplay`."""
        scene = self._scene()
        moves = scene.constants.scenario.users.speed_m_per_s > 0.0
        return Moment(
            time_h=scene.time_h,
            states={"users": self._user_states(scene), "sites": scene.status},
            quantities={"users": {}, "sites": self._site_quantities(scene, with_ledger=transition is not None)},
            texts={"users": {}, "sites": self._site_texts(scene)},
            links=self._links(scene),
            strips=self._strips(scene),
            xy_m={"users": scene.positions_m} if moves else {},
        )

    # --- what agents ask for ------------------------------------------------------------------------------------------

    def _site_actions(self) -> Any:
        """Commands of sites, or their codes as the outage's codec reads them."""
        return self.asked["bs"]

    def _asked_modes(self) -> IntArray:
        actions = self._site_actions()
        if isinstance(actions, SiteCommands):
            return np.asarray(actions.mode[self.index])
        return np.asarray(self.world.codec.split(np.asarray(actions))[0][self.index])

    def _decided(self, site: int, asked: IntArray, scene: Scene) -> Decided:
        index, commands, infos = self.index, self.orders.commands, self.orders.infos
        mode = int(commands.mode[index, site])
        return Decided(
            asked=int(asked[site]),
            mode=mode,
            was_up=bool(self._was_up[site]),
            is_up=bool(scene.is_up[site]),
            is_allowed=bool(self._allowed.mode[index, site, asked[site]]),
            is_projected=bool(infos["projected"][index, site]),
            is_repaired=bool(infos["repaired"][index, site]),
            ev_kw=float(commands.ev_power_kw[index, site]),
            ev_share=float(self._ev_share[site]),
            linked=[int(other) for other in np.flatnonzero(self.orders.links[index, site])],
            k_max=scene.constants.k_max,
        )

    # --- what there is to see -----------------------------------------------------------------------------------------

    def _scene(self) -> Scene:
        scene: Scene = self.world.scene(self.index)
        return scene

    def _site_texts(self, scene: Scene) -> dict[str, list[str]]:
        bands = [bands_in_words(scene.constants, int(bits)) for bits in scene.band_bits]
        nothing = [""] * len(bands)
        if self.orders is None:
            return {"bands": bands, "decision": nothing, "reason": nothing}
        asked = self._asked_modes()
        decided = [self._decided(site, asked, scene) for site in range(len(bands))]
        commanded = self.orders.commands.band_bits[self.index]
        return {
            "bands": bands,
            "decision": [
                decision_in_words(each, bands_in_words(scene.constants, int(bits)))
                for each, bits in zip(decided, commanded, strict=True)
            ],
            "reason": [reason_in_words(each) for each in decided],
        }

    def _site_quantities(self, scene: Scene, with_ledger: bool) -> dict[str, FloatArray]:
        index, count = self.index, len(scene.status)
        service = self.world._simulation.state.service
        return {
            "soc": scene.soc,
            **self._flows(with_ledger),
            "parked": scene.parked.astype(np.float64),
            "accepting": scene.accepting.astype(np.float64),
            "price": self.world.vehicle_price[index],
            "users": np.bincount(scene.server[scene.server >= 0], minlength=count).astype(np.float64),
            "home_service": 100.0 * service.home_service[index],
        }

    def _flows(self, with_ledger: bool) -> dict[str, FloatArray]:
        """The ledger's quantities; without values at the start, where it has none."""
        if not with_ledger:
            return {each.key: np.full(len(self._was_up), np.nan) for each in self.ledger}
        ledger = self.world.ledger()
        return {each.key: ledger[each.key][self.index] for each in self.ledger if each.key in ledger}

    def _user_states(self, scene: Scene) -> IntArray:
        """How each user is served; the same rates decide that make up availability."""
        users, rate_mbps = self.world.users, self.world._simulation.state.service.rate_mbps[self.index]
        best_effort = users.service_class[self.index] == BEST_EFFORT
        needed_mbps = np.where(best_effort, SERVED * users.demand_mbps[self.index], users.minimum_mbps[self.index])
        states = np.where(scene.server == users.home[self.index], OWN, OTHER)
        states[rate_mbps < needed_mbps] = PARTLY
        states[rate_mbps <= 0.0] = UNSERVED
        states[(rate_mbps <= 0.0) & ~users.servable[self.index]] = BEYOND
        return states

    def _links(self, scene: Scene) -> dict[str, Joined]:
        helps = scene.status == HELPING
        help_links = np.zeros((len(helps), len(helps)), dtype=bool)
        if self.orders is not None:
            help_links = self.orders.links[self.index] & helps[:, None]
        taken_over = np.zeros(help_links.shape)
        home, served = self.world.users.home[self.index], scene.server >= 0
        np.add.at(taken_over, (scene.server[served], home[served]), 1.0)
        at_home = np.maximum(np.bincount(home, minlength=len(helps)), 1)
        rests = (scene.status != HELPING) & (scene.status != NORMAL)
        taken_over[~(helps[:, None] & rests & (taken_over >= FEW * at_home))] = 0.0
        return {"help": joined_where(help_links), "taken_over": joined_by_size(taken_over)}

    def _strips(self, scene: Scene) -> dict[str, float]:
        service, index = self.world._simulation.state.service, self.index
        means = {**self._now(scene), **self._period_means(scene)}
        availability = dict(zip(CLASSES, (means["critical"], *means["availability"]), strict=True))
        return {
            **{f"availability_{key}": 100.0 * float(value) for key, value in availability.items()},
            "satisfaction": 100.0 * float(means["satisfaction"]),
            "weighted_service": 100.0 * float(1.0 - service.weighted_loss[index]),
            "alive": 100.0 * float(scene.is_up.mean()),
            "soc": 100.0 * float(scene.soc.mean()),
            "load_kw": float(means["mean_power_kw"]) * len(scene.soc),
            "ev_kw": float(means["ev_kw"]),
            "unserved_kw": float(means["unserved_kw"]),
        }

    def _now(self, scene: Scene) -> dict[str, Any]:
        """What stands in the place of the period's means before there is one."""
        service, index = self.world._simulation.state.service, self.index
        return {
            "critical": scene.critical,
            "availability": service.availability[index],
            "satisfaction": scene.satisfaction,
            "mean_power_kw": scene.power_kw.mean(),
            "ev_kw": np.nan,
            "unserved_kw": np.nan,
        }

    def _period_means(self, scene: Scene) -> dict[str, Any]:
        """Means over the latest decision period, from the trace; empty before the first."""
        steps = scene.constants.steps_per_decision
        if len(scene.past["time_h"]) == 0:
            return {}
        return {name: values[-steps:].mean(axis=0) for name, values in scene.past.items()}


def _borders_m(constants: BlackoutConstants) -> list[FloatArray]:
    """Corners of the sites' cells; the same ones that pictures have."""
    apart_m = np.where(constants.distance_m > 0.0, constants.distance_m, np.inf).min()
    radius_m = min(constants.inter_site_distance_m, float(apart_m)) / np.sqrt(3.0)
    angle = np.pi / 2.0 + np.arange(6) * np.pi / 3.0
    corners_m = radius_m * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return [site_m + corners_m for site_m in constants.sites_m]
