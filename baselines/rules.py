"""Simple rules: what operators could do without any optimiser. They stay in every table, so that gains are honest."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.blackout.commands import SiteCommands, declare, mode_commands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.controller import Information
from voltran.envs.errors import ScenarioError
from voltran.envs.seeds import checked_seed
from voltran.envs.world import ActionSpace, World
from voltran.envs.world_kinds import require_world
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.ordering import rising_sites
from voltran.physics.power import HELPING, NORMAL, SLEEP

# Slack on the first-tier distance, so that rounding never separates neighbours.
NEIGHBOUR_SLACK = 1.01


def outage_world(world: World, controller: str) -> BlackoutWorld:
    """The world as an outage world.

    Raises:
        ScenarioError: the world is of another kind.
    """
    return require_world(world, BlackoutWorld, f"controller {controller!r} plays")


class FixedPlan:
    """The same commands for every site at all times.

    Args:
        name: as shown in tables.
        mode: cooperation mode of all sites.
        low_bands_only: True switches the high bands off.
        v2g: True pays the dynamic price and lets vehicles charge batteries; False pays the base price, and vehicles
            serve the load only.
    """

    information: Information = "local"
    follows_resets = True

    def __init__(self, name: str, mode: int, *, low_bands_only: bool = False, v2g: bool = False) -> None:
        self.name, self.mode, self.low_bands_only, self.v2g = name, mode, low_bands_only, v2g
        self.declarations = declare("free", "dynamic" if v2g else "flat")

    def reset(self, world: World) -> None:
        """Nothing to forget.

        Raises:
            ScenarioError: the world is of another kind.
        """
        outage_world(world, self.name)

    def act(self, world: World) -> dict[str, SiteCommands]:
        """The plan, for every site of every world."""
        constants = outage_world(world, self.name).constants
        mode = np.full((world.n_worlds, constants.n_sites), self.mode)
        bands = np.full(mode.shape, constants.low_bands) if self.low_bands_only else None
        commands = mode_commands(
            constants, mode, command_set="free", band_bits=bands, dynamic_price=self.v2g, ev_to_battery=self.v2g
        )
        return {"bs": commands}


def independent() -> FixedPlan:
    """Every site for itself, at the nominal radius. Source: [MSRC] Section II-A, "Independent Operation"."""
    return FixedPlan("independent", NORMAL)


def static() -> FixedPlan:
    """All sites permanently at the expanded radius on all bands. Source: [MSRC] Section II-A, "Static Load Balancing".

    Reconstructed: the paper's fixed rules are not given; helping everywhere, without repair, is the reading that comes
    nearest to its Table II.
    """
    return FixedPlan("static", HELPING)


def static_v2g() -> FixedPlan:
    """Static with the dynamic price and battery charging: what these two alone are worth."""
    return FixedPlan("static-v2g", HELPING, v2g=True)


def carrier_shutdown() -> FixedPlan:
    """Independent operation on the low bands only, for the whole outage."""
    return FixedPlan("carrier-shutdown", NORMAL, low_bands_only=True)


class RotatingSleep:
    """The richest sites help, their neighbours sleep, and the roles rotate as batteries empty.

    Going through the live sites from the richest down, a site that nobody covers yet becomes a helper and covers itself
    and its poorest uncovered first-tier neighbours, as many as it may have links.

    Args:
        replan_min: minutes between plans; a whole number of decision periods.
        keep_helper: factor on the energy of present helpers, so that roles change less often; 1 for none.

    Raises:
        ScenarioError: a period or factor that is not positive.
    """

    name = "rotating-sleep"
    information: Information = "global"
    follows_resets = True  # every episode begins with a new plan
    declarations = declare("paper", "dynamic")

    def __init__(self, replan_min: float = 15.0, keep_helper: float = 1.0) -> None:
        if not 0.0 < replan_min < np.inf:
            raise ScenarioError(f"rotating-sleep replan_min = {replan_min}: must be positive, for example 15")
        if not 0.0 < keep_helper < np.inf:
            raise ScenarioError(f"rotating-sleep keep_helper = {keep_helper}: must be positive; 1 means no bonus")
        self.replan_min, self.keep_helper = replan_min, keep_helper
        self._plan: IntArray | None = None

    def reset(self, world: World) -> None:
        """Forget the plan.

        Raises:
            ScenarioError: the re-planning period is not a whole number of decision periods.
        """
        period_min = outage_world(world, self.name).scenario.time.decision_period_s / 60.0
        if abs(self.replan_min / period_min - round(self.replan_min / period_min)) > 1e-9:
            raise ScenarioError(
                f"rotating-sleep replan_min = {self.replan_min:g}: must be a multiple of the decision period of "
                f"{period_min:g} min"
            )
        self._plan = None

    def act(self, world: World) -> dict[str, SiteCommands]:
        """Keep the plan, or make a new one where it is due."""
        outage = outage_world(world, self.name)
        every = max(round(self.replan_min * 60.0 / outage.scenario.time.decision_period_s), 1)
        due = outage.decision % every == 0
        plan = np.full(outage.alive.shape, NORMAL) if self._plan is None else self._plan.copy()
        energy_kwh, alive, mode = outage.usable_kwh, outage.alive, outage.mode
        for w in np.flatnonzero(due):
            score = np.where(mode[w] == HELPING, self.keep_helper, 1.0) * energy_kwh[w]
            plan[w] = self._roles(outage, score, alive[w])
        self._plan = plan
        return {"bs": mode_commands(outage.constants, plan, command_set="paper")}

    def _roles(self, outage: BlackoutWorld, score: FloatArray, alive: BoolArray) -> IntArray:
        """Modes ``[site]`` for one world."""
        constants = outage.constants
        near = constants.may_help & (constants.distance_m <= NEIGHBOUR_SLACK * constants.inter_site_distance_m)
        return np.asarray(_rotated_roles(score, alive, near, constants.k_max))


@kernel
def _rotated_roles(score: FloatArray, alive: BoolArray, near: BoolArray, k_max: int) -> IntArray:
    """Modes ``[site]``: helpers and the neighbours they cover, the richest first.

    Args:
        score: ``[site]`` energy, by which sites are ordered.
        alive: ``[site]``.
        near: ``[helper, site]`` first-tier neighbours that may be helped.
        k_max: most sites that a helper covers.
    """
    n_sites = score.shape[0]
    roles = np.full(n_sites, SLEEP)
    uncovered = alive.copy()
    for site in rising_sites(-score):
        if not uncovered[site]:
            continue
        roles[site] = HELPING
        uncovered[site] = False
        reachable = np.flatnonzero(near[site] & uncovered)
        for place in rising_sites(score[reachable])[:k_max]:
            uncovered[reachable[place]] = False
    return roles


class Random:
    """A legal action drawn uniformly for every agent of every role; the floor that any controller must beat.

    Args:
        seed: seed of its own generator.

    Raises:
        ScenarioError: a seed that is no integer of at least 0.
    """

    name = "random"
    information: Information = "local"
    batch_independent = False  # one generator for all worlds

    def __init__(self, seed: int = 0) -> None:
        self.seed = checked_seed(seed)
        self.declarations: dict[str, str] = {}
        self._generator = np.random.default_rng(seed)

    def reset(self, world: World) -> None:
        """Start the same sequence again; in outages, the command set is that of the world's action codes."""
        self.declarations = declare(world.codec.action_set, "dynamic") if isinstance(world, BlackoutWorld) else {}
        self._generator = np.random.default_rng(self.seed)

    def act(self, world: World) -> dict[str, NDArray[Any]]:
        """One legal action per agent."""
        masks = world.action_masks()
        return {role.name: self._drawn(role.action_space, masks[role.name]) for role in world.roles}

    def _drawn(self, space: ActionSpace, mask: BoolArray) -> NDArray[Any]:
        """Actions ``[B, n]`` or ``[B, n, k]`` of one role; its mask counts where there are codes."""
        if isinstance(space, spaces.Box):
            shape = (*mask.shape[:2], *space.shape)
            return self._generator.uniform(space.low, space.high, shape).astype(np.float32)
        if isinstance(space, spaces.Discrete):
            return self._code(mask)
        parts = np.split(mask, np.cumsum(space.nvec)[:-1], axis=-1)
        return np.stack([self._code(part) for part in parts], axis=-1)

    def _code(self, mask: BoolArray) -> IntArray:
        return np.asarray(np.argmax(self._generator.random(mask.shape) * mask, axis=-1))
