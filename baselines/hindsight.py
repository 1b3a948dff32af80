"""The best of a few simple rules, chosen with hindsight: each is tried on the true rest of the episode.

Every so often it plays each of a portfolio of simple teams to the end of the episode in a copy of the world, whose
users, vehicles and weather are the true ones, and follows the best until it asks again. It is neither a bound nor
the optimum: learned policies may do better, and some do.
"""

import copy
from typing import Any

import numpy as np

from voltran.baselines.rules import RotatingSleep, carrier_shutdown, outage_world, static_v2g
from voltran.envs.blackout.commands import SiteCommands, declare
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.controller import Controller, Information
from voltran.envs.errors import ScenarioError
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.world import World
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.ordering import first_largest


def portfolio() -> tuple[Controller, ...]:
    """The behaviours that are tried."""
    return (
        RotatingSleep(),
        RotatingSleep(keep_helper=3.0),
        RotatingSleep(replan_min=60.0),
        static_v2g(),
        carrier_shutdown(),
    )


class HindsightRules:
    """The best of a few simple rules, chosen with hindsight; retailers sell at cost, and sites buy all they can.

    It plays ``blackout_v0`` and ``brownout_v0``. What it maximises is survival plus service, the hours of an episode in
    which critical users are served and the integral of everybody's satisfaction.

    Args:
        every: decisions between two choices.

    Raises:
        ScenarioError: ``every`` is no integer of at least 1.
    """

    name = "hindsight-rules"
    information: Information = "hindsight"
    declarations = declare("free", "dynamic")

    def __init__(self, every: int = 16) -> None:
        if every != int(every) or every < 1:
            raise ScenarioError(f"hindsight-rules every = {every}: give a whole number of decisions, at least 1")
        self.every = int(every)
        self._members: list[list[Controller]] = []
        self._chosen: IntArray | None = None
        self._trial: BlackoutWorld | None = None

    def reset(self, world: World) -> None:
        """Forget the previous episode."""
        outage = outage_world(world, self.name)
        self._members = [[copy.deepcopy(member) for member in portfolio()] for _ in range(outage.n_worlds)]
        self._chosen = None
        self._trial = copy.deepcopy(outage)
        for members in self._members:
            for member in members:
                member.reset(world)

    def act(self, world: World) -> dict[str, Any]:
        """Commands of the members that are best from here on."""
        outage = outage_world(world, self.name)
        if self._chosen is None or int(outage.decision.min()) % self.every == 0:
            self._chosen = self._choose(outage)
        rows = [outage.effective_commands(self._members[w][m].act(world)["bs"]) for w, m in enumerate(self._chosen)]
        return {"bs": _rows_of(rows), **_at_cost(outage)}

    def _choose(self, outage: BlackoutWorld) -> IntArray:
        """Best member of every world, ``[B]``."""
        snapshot = outage.get_state()
        scores = [self._score(snapshot, member) for member in portfolio()]
        return first_largest(scores, axis=0)

    def _score(self, snapshot: dict[str, Any], member: Controller) -> FloatArray:
        """What following a member to the end is worth, ``[B]`` in hours."""
        trial = self._trial
        assert trial is not None
        trial.set_state(snapshot)
        member.reset(trial)
        seeds, pending = snapshot["episodes"]["seed"].tolist(), np.ones(trial.n_worlds, dtype=bool)
        scores = np.zeros(trial.n_worlds)
        while True:
            outcome = trial.step({**member.act(trial), **_at_cost(trial)})
            over = outcome.terminated | outcome.truncated
            if (ended := over & pending).any():
                kpis = trial.kpis(ended)
                scores[ended] = (kpis["survival_h"] + kpis["service_hours"])[ended]
                pending &= ~ended
            if not pending.any():
                return scores
            trial.reset(seeds, over)  # worlds are stepped together, so those that are over play on, uncounted


def _at_cost(outage: BlackoutWorld) -> dict[str, RetailerCommands]:
    """What retailers post who ask what power costs them; nothing where there are none."""
    if not isinstance(outage, BrownoutWorld) or outage.market.constants.n_retailers == 0:
        return {}
    price = np.repeat(outage.market.constants.price_ladder[None, :, 0], outage.n_worlds, axis=0)
    return {"retailer": RetailerCommands(price, np.zeros_like(price))}


def _rows_of(commands: list[SiteCommands]) -> SiteCommands:
    """Row ``w`` of the ``w``-th commands, for every world; free, as they are in force."""
    names = ("mode", "band_bits", "radius_m", "ev_power_kw", "dynamic_price", "ev_to_battery")
    rows: dict[str, Any] = {
        name: np.stack([getattr(each, name)[w] for w, each in enumerate(commands)]) for name in names
    }
    return SiteCommands(**rows, command_set="free")
