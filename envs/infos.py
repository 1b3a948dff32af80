"""What infos hold when an episode begins: the keys of those of steps, with values that say that nothing happened."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.world import Role, Transition, World

EPISODE = "episode"  # in a declaration, what is told of an episode and not of an agent

# role, or EPISODE -> key of its infos -> value before the first step, which is of the type of all others
NeutralInfos = Mapping[str, Mapping[str, bool | int | float]]


class Infos(NamedTuple):
    """What is told beside observations and rewards.

    Attributes:
        agents: role -> key -> ``[B, n]``.
        episodes: key -> ``[B]``.
    """

    agents: Mapping[str, Mapping[str, NDArray[Any]]]
    episodes: Mapping[str, NDArray[Any]]


NO_INFOS = Infos({}, {})


def infos_at_start(declared: NeutralInfos, roles: Sequence[Role], n_worlds: int, components: Iterable[str]) -> Infos:
    """Infos of a batch at the start of its episodes.

    Args:
        declared: by the world.
        roles: of the world.
        n_worlds: batch size ``B``.
        components: names of the reward's components.
    """
    of_agents = {
        role.name: {key: np.full((n_worlds, role.count), value) for key, value in declared[role.name].items()}
        for role in roles
        if role.name in declared
    }
    of_reward = {f"reward_{name}": np.zeros(n_worlds) for name in components}
    of_episodes = {key: np.full(n_worlds, value) for key, value in declared.get(EPISODE, {}).items()}
    return Infos(of_agents, {**of_reward, **of_episodes})


def starting_infos(world: World) -> Infos:
    """What a world tells of the start of its episodes; nothing where it is not made for that."""
    tell = getattr(world, "infos_at_start", None)
    return NO_INFOS if tell is None else tell()


def told_by(transition: Transition) -> Infos:
    """What a step told beside observations and rewards."""
    return Infos(transition.agent_infos, transition.episode_infos)
