"""Environments that know nothing of worlds: sound ones, and broken ones with the rule that must say so."""

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

FOREIGN: dict[str, tuple[type[Any], str]] = {}
"""Name -> broken environment, rule that it breaks."""
UNKNOWABLE: dict[str, type[Any]] = {}
"""Name -> environment with a fault that nobody can tell from a choice of its author."""


def breaks(rule: str | None) -> Callable[[type[Any]], type[Any]]:
    """Enter a broken environment into its list."""

    def enter(broken: type[Any]) -> type[Any]:
        if rule is None:
            UNKNOWABLE[broken.__name__] = broken
        else:
            FOREIGN[broken.__name__] = (broken, rule)
        return broken

    return enter


class PlainEnv(ParallelEnv[str, Any, Any]):  # type: ignore[misc]  # PettingZoo ships no types
    """Two walkers on a line, four steps; each is rewarded for being near the middle."""

    metadata = {"name": "plain_v0", "render_modes": []}  # noqa: RUF012 - PettingZoo's convention
    render_mode = None
    possible_agents = ["left", "right"]  # noqa: RUF012 - PettingZoo's convention

    def __init__(self) -> None:
        self.agents: list[str] = []
        one, step = spaces.Box(-9.0, 9.0, (1,), np.float64), spaces.Box(-1.0, 1.0, (1,), np.float64)
        self.observation_spaces: dict[str, spaces.Space[Any]] = dict.fromkeys(self.possible_agents, one)
        self.action_spaces: dict[str, spaces.Space[Any]] = dict.fromkeys(self.possible_agents, step)
        self.state_space = spaces.Box(-9.0, 9.0, (2,), np.float64)
        self.generator: np.random.Generator | None = None

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return self.action_spaces[agent]

    def state(self) -> NDArray[np.float64]:
        return np.concatenate([self.place[agent] for agent in self.possible_agents])

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        if seed is not None or self.generator is None:
            self.generator = np.random.default_rng(seed)
        self.time, self.agents = 0, self.possible_agents[:]
        self.place = {agent: self.generator.uniform(-1, 1, 1) for agent in self.agents}
        return {a: p.copy() for a, p in self.place.items()}, {a: {} for a in self.agents}

    def step(self, actions: dict[str, Any]) -> Any:
        if set(actions) != set(self.agents) or not all(self.action_spaces[a].contains(x) for a, x in actions.items()):
            raise ValueError("actions must be one number in -1..1 for each agent")
        self.time += 1
        self.place = {agent: self.place[agent] + actions[agent] for agent in self.agents}
        over = dict.fromkeys(self.agents, self.time == 4)
        rewards = {agent: -abs(float(place[0])) for agent, place in self.place.items()}
        if self.time == 4:
            self.agents = []
        return (
            {a: p.copy() for a, p in self.place.items()},
            rewards,
            dict.fromkeys(over, False),
            over,
            {a: {} for a in over},
        )


class LeavingEnv(PlainEnv):
    """The left walker is done after two steps, and told so, as PettingZoo allows."""

    def step(self, actions: dict[str, Any]) -> Any:
        result = super().step(actions)
        if self.time == 2:
            result[2]["left"] = True
            self.agents.remove("left")
            del self.place["left"]
        return result

    def state(self) -> NDArray[np.float64]:
        return np.concatenate([self.place.get(agent, np.zeros(1)) for agent in self.possible_agents])


class HasAWorldOfItsOwn(PlainEnv):
    """What it calls its world is none of ours."""

    world = "flat"


class StatelessGame(PlainEnv):
    """Nothing to see, in spaces that say so; rewards are all there is."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_spaces = {a: spaces.Discrete(1) for a in self.possible_agents}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        observations, infos = super().reset(seed, options)
        return dict.fromkeys(observations, 0), infos

    def step(self, actions: dict[str, Any]) -> Any:
        observations, *rest = super().step(actions)
        return dict.fromkeys(observations, 0), *rest


def exchanged(given: dict[str, Any]) -> dict[str, Any]:
    """Each walker gets what is the other's."""
    return dict(zip(given, reversed(given.values()), strict=True))


@breaks("rewards_go_to_their_agents")
class RewardsExchanged(PlainEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        observations, rewards, *rest = super().step(actions)
        return observations, exchanged(rewards), *rest


@breaks("observations_go_to_their_agents")
class ObservationsExchanged(PlainEnv):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        observations, infos = super().reset(seed, options)
        return exchanged(observations), infos

    def step(self, actions: dict[str, Any]) -> Any:
        observations, *rest = super().step(actions)
        return exchanged(observations), *rest


@breaks("rewards_come_in_time")
class RewardsLate(PlainEnv):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        self.late = dict.fromkeys(self.possible_agents, 0.0)
        return super().reset(seed, options)

    def step(self, actions: dict[str, Any]) -> Any:
        observations, rewards, *rest = super().step(actions)
        late, self.late = self.late, rewards
        return observations, late, *rest


@breaks(None)
class ObservationsLate(PlainEnv):
    """As a body at rest moves a step after it was pushed."""

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        self.late, infos = super().reset(seed, options)
        return {agent: seen.copy() for agent, seen in self.late.items()}, infos

    def step(self, actions: dict[str, Any]) -> Any:
        observations, *rest = super().step(actions)
        late, self.late = self.late, observations
        return late, *rest


@breaks("observations_tell_something")
class SeesNothing(PlainEnv):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        observations, infos = super().reset(seed, options)
        return {**observations, "right": np.zeros(1)}, infos

    def step(self, actions: dict[str, Any]) -> Any:
        observations, *rest = super().step(actions)
        return {**observations, "right": np.zeros(1)}, *rest


@breaks("state_moves")
class StateOfTheReset(PlainEnv):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        result = super().reset(seed, options)
        self.kept = super().state()
        return result

    def state(self) -> NDArray[np.float64]:
        return self.kept.copy()


@breaks("returned_values_never_change")
class ReusesItsBuffer(PlainEnv):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        self.buffers, infos = super().reset(seed, options)
        return self.buffers, infos

    def step(self, actions: dict[str, Any]) -> Any:
        observations, *rest = super().step(actions)
        for agent, seen in observations.items():
            self.buffers[agent][:] = seen
        return self.buffers, *rest


@breaks("seed_replays_in_one_instance")
class IgnoresTheSeed(PlainEnv):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        return super().reset(None if self.generator else seed)


@breaks("agents_never_leave")
class AgentVanishes(PlainEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        result = super().step(actions)
        if self.time == 2:
            self.agents.remove("left")
        return result


@breaks("agents_never_leave")
class AgentStaysAfterItsEnd(LeavingEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        result = super().step(actions)
        if self.time == 2:
            self.agents.insert(0, "left")
            self.place["left"] = np.zeros(1)
        return result


@breaks("observations_finite")
class NanAtTheEnd(PlainEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        result = super().step(actions)
        if self.time == 4:
            result[0]["right"][0] = np.nan
        return result


@breaks("observations_in_space")
class OtherDtype(PlainEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        observations, *rest = super().step(actions)
        return {agent: seen.astype(np.float32) for agent, seen in observations.items()}, *rest


@breaks("seed_replays_after_many_episodes")
class DriftsLater(PlainEnv):
    episodes = 0

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        self.episodes += 1
        return super().reset(seed, options)

    def step(self, actions: dict[str, Any]) -> Any:
        result = super().step(actions)
        result[1]["left"] += 1e-6 * max(0, self.episodes - 5)
        return result


class ChoosingEnv(PlainEnv):
    """Walkers that choose between three steps; beyond 1, only back and standing still are legal."""

    def __init__(self) -> None:
        super().__init__()
        self.action_spaces = {a: spaces.Discrete(3) for a in self.possible_agents}

    def masks(self) -> dict[str, Any]:
        legal = {agent: [place[0] > -1.0, True, place[0] < 1.0] for agent, place in self.place.items()}
        return {agent: {"action_mask": np.array(mask, np.int8)} for agent, mask in legal.items()}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        return super().reset(seed, options)[0], self.masks()

    def step(self, actions: dict[str, Any]) -> Any:
        if set(actions) != set(self.agents) or not all(self.action_spaces[a].contains(x) for a, x in actions.items()):
            raise ValueError("actions must be 0, 1 or 2 for each agent")
        kept, self.action_spaces = self.action_spaces, {a: spaces.Box(-1.0, 1.0, (1,), np.float64) for a in actions}
        try:
            result = super().step({agent: np.array([action - 1.0]) for agent, action in actions.items()})
        finally:
            self.action_spaces = kept
        return *result[:4], self.masks()


@breaks("plays_without_error")
class MaskAllowsWhatIsRefused(ChoosingEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        if self.time == 1 and actions["left"] == 2:
            raise ValueError("left may not go right now")
        return super().step(actions)


@breaks("masks_not_empty")
class MaskOfAnotherSize(ChoosingEnv):
    def masks(self) -> dict[str, Any]:
        return {a: {"action_mask": mask["action_mask"][:2]} for a, mask in super().masks().items()}


@breaks(None)
class RewardsOfTheTeamHalved(PlainEnv):
    """As any author may weigh rewards."""

    def step(self, actions: dict[str, Any]) -> Any:
        observations, rewards, *rest = super().step(actions)
        return observations, dict.fromkeys(rewards, 0.5 * sum(rewards.values())), *rest


@breaks(None)
class MaskForbidsWhatWorks(ChoosingEnv):
    """As rules of a game may forbid what its mechanics could do."""

    def masks(self) -> dict[str, Any]:
        return {a: {"action_mask": np.array([1, 1, 0], np.int8)} for a in self.place}


@breaks(None)
class OnlyOneEpisode(PlainEnv):
    """As in chess, where nothing is left to chance."""

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        return super().reset(5)


@breaks("seed_zero_is_a_seed")
class ZeroIsOne(PlainEnv):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        return super().reset(1 if seed == 0 else seed)


@breaks("illegal_input_changes_nothing")
class AppliesHalf(PlainEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        try:
            return super().step(actions)
        except Exception:
            self.place["left"] += 0.5
            raise


@breaks("actions_stay_as_given")
class ChangesTheActions(PlainEnv):
    def step(self, actions: dict[str, Any]) -> Any:
        result = super().step(actions)
        for action in actions.values():
            action[:] = 0.0
        return result
