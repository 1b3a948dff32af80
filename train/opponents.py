"""Who plays the roles that do not learn in a batch of worlds."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from voltran.agents.policy import LearnedPolicy
from voltran.agents.roles import find_role
from voltran.envs.controller import Controller, name_of, named_errors
from voltran.envs.errors import ScenarioError
from voltran.envs.seeds import TRAINING_SEEDS
from voltran.envs.team import actions_for
from voltran.envs.world import World
from voltran.evaluation.controller_spec import parse_controllers

SAMPLE_SEEDS = 2**32

# gives who plays a role in the coming rollout; whatever it draws, it draws from the generator
OpponentSource = Callable[[np.random.Generator], Controller]


class Opponents:
    """Plays all roles but the one that learns; what ``VectorFace`` asks as ``others``.

    Opponents remember nothing from one rollout to the next: each starts them anew, and what they draw follows from the
    seed and the number of decisions so far. A checkpoint between rollouts therefore needs nothing of them.

    Args:
        sources: role -> who plays it.
        seed: of whatever they draw.
        batch: number of the batch that they play in, where there are several; each has opponents of its own.
    """

    def __init__(self, sources: Mapping[str, OpponentSource], seed: int, batch: int = 0) -> None:
        self._sources = dict(sources)
        self._seed = seed
        self._key = (batch,) if batch else ()
        self._members: dict[str, Controller] = {}

    @property
    def roles(self) -> list[str]:
        """Roles that are played."""
        return list(self._sources)

    def begin(self, world: World, decisions: int) -> None:
        """Start a rollout.

        Args:
            world: the batch, whose episodes are under way.
            decisions: made so far by those that learn in it.

        Raises:
            ScenarioError: an opponent does not fit the world.
        """
        generator = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(decisions, *self._key)))
        self._members = {role: source(generator) for role, source in self._sources.items()}
        for role, member in self._members.items():
            with named_errors(_who(role, member)):
                member.reset(world)

    def __call__(self, world: World) -> Mapping[str, Any]:
        """Actions of all roles that are played.

        Raises:
            ScenarioError: an opponent does not play its role.
            PartError: it raises.
        """
        return {role: _chosen(role, member, world) for role, member in self._members.items()}


def build_opponents(references: Mapping[str, str]) -> dict[str, Controller]:
    """Fresh controllers as a configuration names them.

    Args:
        references: role -> controller, as on the command line.

    Raises:
        ScenarioError: an unknown controller or option, or not exactly one.
        FileFormatError: a policy file that is missing or not a policy.
    """
    controllers = {}
    for role, reference in references.items():
        try:
            specs = parse_controllers(reference)
        except ScenarioError as error:
            raise ScenarioError(f"opponents.{role} = {reference!r}: {error}") from error
        if len(specs) > 1:
            raise ScenarioError(f"opponents.{role} = {reference!r}: names {len(specs)} controllers; name one")
        controllers[role] = specs[0].builder()
    return controllers


def frozen(controller: Controller) -> OpponentSource:
    """A source that always gives the same controller."""
    return partial(_frozen, controller)


def check_compatible(world: World, opponents: Mapping[str, Controller]) -> None:
    """Let opponents meet a world, so that what cannot work is said before anything is written.

    Raises:
        ScenarioError: an opponent does not fit the world, or does not play its role.
        PartError: it raises.
    """
    world.reset([TRAINING_SEEDS.start] * world.n_worlds)
    for role, controller in opponents.items():
        with named_errors(_who(role, controller)):
            controller.reset(world)
        _chosen(role, controller, world)


def require_players(world: World, learning: Iterable[str], playing: Iterable[str]) -> None:
    """Make sure that every role of a world has exactly one who plays it.

    Args:
        world: whose roles.
        learning: roles that learn.
        playing: roles that opponents play.

    Raises:
        ScenarioError: an unknown role, one that nobody plays, or one that both learns and is played.
    """
    learning, playing = set(learning), set(playing)
    for name in sorted(learning | playing):
        find_role(world, name)
    for role in world.roles:
        if role.name in learning & playing:
            raise ScenarioError(f"role {role.name} learns and is played by an opponent; remove one of the two")
        if role.name not in learning | playing:
            raise ScenarioError(
                f"role {role.name} of {world.name}: nobody plays it; let it learn (roles: {{{role.name}: {{}}}}) or "
                f"name who plays it (opponents: {{{role.name}: CONTROLLER}})"
            )


def _chosen(role: str, controller: Controller, world: World) -> Any:
    with named_errors(_who(role, controller)):
        return actions_for(role, controller, controller.act(world))


def _who(role: str, controller: Controller) -> str:
    return f"opponents.{role}: controller {name_of(controller)}"


def _frozen(controller: Controller, generator: np.random.Generator) -> Controller:
    if isinstance(controller, LearnedPolicy):
        controller.seed = int(generator.integers(SAMPLE_SEEDS))
    return controller
