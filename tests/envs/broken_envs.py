"""Faces that are broken in one way each, and the rule of the conformance suite that must say so."""

import os
import random
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.envs.fake_world import FakeWorld
from voltran.envs.errors import ActionError
from voltran.envs.faces.parallel import AgentInfos, Observations, ParallelFace, Step

NOT_GIVEN: Any = object()  # PettingZoo's conversion always passes ``options``
BROKEN: dict[str, tuple[Callable[[], ParallelFace], str]] = {}
"""Name -> factory of the broken environment, rule that it breaks."""


def breaks(rule: str) -> Callable[[type[Any]], type[Any]]:
    """Enter a broken face or world into the list."""

    def enter(broken: type[Any]) -> type[Any]:
        factory = partial(broken, FakeWorld) if issubclass(broken, ParallelFace) else partial(ParallelFace, broken)
        BROKEN[broken.__name__] = (factory, rule)
        return broken

    return enter


class Counting(ParallelFace):
    """Knows the number of the current step."""

    count = 0

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        self.count = 0
        return super().reset(seed, options)

    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        self.count += 1
        return result


@breaks("plays_without_error")
class Crashes(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        if self.count == 4:
            raise ZeroDivisionError("site 3")
        return super().step(actions)


@breaks("plays_without_error")
class StepOfFourParts(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Any:
        return super().step(actions)[:4]


@breaks("plays_without_error")
class ResetWithoutInfos(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return super().reset(seed, options)[0]


@breaks("agents_never_leave")
class AgentVanishes(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step({**dict.fromkeys(self.possible_agents, 0), **actions})
        if self.count >= 3 and self.agents:
            self.agents.remove("bs_2")
        return result


@breaks("agents_never_leave")
class RewardForNobody(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count == 6:
            del result[1]["retailer_1"]
        return result


@breaks("spaces_stay_the_same")
class NewSpaceEachCall(ParallelFace):
    def action_space(self, agent: str) -> Any:
        return deepcopy(super().action_space(agent))


@breaks("infos_per_agent")
class InfosMissAnAgent(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        del result[4]["retailer_0"]
        return result


@breaks("infos_per_agent")
class InfosShared(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        observations, infos = super().reset(seed, options)
        infos["bs_1"] = infos["bs_0"]
        return observations, infos


@breaks("infos_hold_no_nan")
class NanInInfos(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count == 4:
            result[4]["bs_2"]["details"] = {"price": [1.0, float("nan")]}
        return result


@breaks("observations_finite")
class NanAtStepFive(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count == 5:
            result[0]["bs_1"][2] = np.nan
        return result


@breaks("observations_in_space")
class OutOfSpaceLate(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count == 10:
            result[0]["retailer_1"][0] = 1.5
        return result


@breaks("observations_in_space")
class OtherDtypeAtTheEnd(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if not self.agents:
            result[0]["bs_0"] = result[0]["bs_0"].astype(np.float64)
        return result


@breaks("observations_in_space")
class HalfPrecision(ParallelFace):
    def _observe(self, infos: AgentInfos) -> tuple[Observations, AgentInfos]:
        observations, infos = super()._observe(infos)
        return {agent: values.astype(np.float16) for agent, values in observations.items()}, infos


@breaks("rewards_finite")
class RewardInAnArray(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        result[1]["bs_0"] = np.array([result[1]["bs_0"]])  # type: ignore[assignment]  # the very fault
        return result


@breaks("rewards_finite")
class NoReward(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count == 2:
            result[1]["bs_0"] = None  # type: ignore[assignment]  # the very fault
        return result


@breaks("rewards_finite")
class InfiniteReward(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count == 7:
            result[1]["bs_0"] = float("inf")
        return result


@breaks("masks_not_empty")
class EmptyMask(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count == 8:
            result[4]["bs_2"]["action_mask"][:] = 0
        return result


@breaks("masks_agree")
class OtherMaskOnRequest(ParallelFace):
    def action_mask(self, agent: str) -> NDArray[np.int8]:
        return super().action_mask(agent) * 0 + 1

    def action_masks(self) -> dict[str, NDArray[np.int8]]:
        return {agent: self.action_mask(agent) for agent in self.possible_agents}


@breaks("all_end_together")
class OneEndsOtherwise(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if result[3]["bs_0"]:
            result[2]["bs_0"], result[3]["bs_0"] = True, False
        return result


@breaks("all_end_together")
class AgentsStayAfterTheEnd(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        self.agents = self.possible_agents[:]
        return result


@breaks("flags_are_booleans")
class FlagsAreNumbers(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Any:
        observations, rewards, terminations, truncations, infos = super().step(actions)
        return observations, rewards, {agent: 1.0 * flag for agent, flag in terminations.items()}, truncations, infos


@breaks("truncation_is_not_termination")
class TruncationAsTermination(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        observations, rewards, terminations, truncations, infos = super().step(actions)
        ended = {agent: terminations[agent] or truncations[agent] for agent in terminations}
        return observations, rewards, ended, dict.fromkeys(ended, False), infos


@breaks("truncation_is_not_termination")
class BothAtOnce(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        return *result[:2], result[3].copy(), *result[3:]


@breaks("global_generators_untouched")
class DrawsFromGlobalNumpy(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        np.random.random()  # noqa: NPY002 - the very fault
        return super().step(actions)


@breaks("global_generators_untouched")
class SeedsGlobalRandom(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        random.seed(seed)
        return super().reset(seed, options)


@breaks("returned_values_never_change")
class ReusesItsBuffer(ParallelFace):
    def _observe(self, infos: AgentInfos) -> tuple[Observations, AgentInfos]:
        observations, infos = super()._observe(infos)
        self.buffers = getattr(self, "buffers", observations)
        for agent, observation in observations.items():
            self.buffers[agent][:] = observation
        return dict(self.buffers), infos


@breaks("returned_values_never_change")
class ReusesItsRewards(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        observations, rewards, *rest = super().step(actions)
        self.rewards = getattr(self, "rewards", {})
        self.rewards.update(rewards)
        return (observations, self.rewards, *rest)  # type: ignore[return-value]


@breaks("writing_into_returned_values_is_harmless")
class RemembersWhatItReturned(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        observations, infos = super().reset(seed, options)
        self.first = observations["bs_0"]
        return observations, infos

    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        result[1]["bs_0"] += float(self.first[0])
        return result


@breaks("seed_replays_in_one_instance")
class IgnoresTheSeed(ParallelFace):
    episode = 1  # no multiple of three, so that every episode goes to the horizon

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        self.episode += 3
        return super().reset(self.episode)


@breaks("seed_replays_in_one_instance")
class NoiseFromStepTwo(Counting):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        if self.count >= 2:
            result[0]["bs_0"][2] = np.random.default_rng().random(dtype=np.float32)
        return result


@breaks("seed_replays_across_instances")
class EachInstanceDiffers(ParallelFace):
    instances = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.number = type(self).instances = self.instances + 1

    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        result[1]["bs_0"] += self.number
        return result


@breaks("seed_replays_after_dirty_episode")
class UnfinishedEpisodeLeavesATrace(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        self.dirty = bool(self.agents)
        return super().reset(seed, options)

    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        result[1]["bs_0"] += float(self.dirty)
        return result


@breaks("seed_replays_after_many_episodes")
class DriftsLater(ParallelFace):
    """Sound at first: a wear that begins with the sixth episode."""

    episodes = 0

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        self.episodes += 1
        return super().reset(seed, options)

    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        result[1]["bs_0"] += 1e-6 * max(0, self.episodes - 5)
        return result


@breaks("seed_replays_across_processes")
class EachProcessDiffers(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        result[1]["bs_0"] += os.getpid()
        return result


@breaks("seeds_differ")
class OnlyOneEpisode(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        return super().reset(5)


@breaks("seed_zero_is_a_seed")
class ZeroIsNone(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        return super().reset(seed or None)


@breaks("seed_zero_is_a_seed")
class ZeroIsOne(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        return super().reset(1 if seed == 0 else seed)


@breaks("unseeded_resets_vary")
class UnseededIsAlwaysTheSame(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        return super().reset(5 if seed is None else seed)


@breaks("actions_stay_as_given")
class EmptiesTheActions(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        actions.clear()
        return result


@breaks("illegal_input_refused")
class RepairsSilently(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        return super().step({a: x if self.action_space(a).contains(x) else 0 for a, x in actions.items()})


@breaks("illegal_input_refused")
class TakesFloats(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        whole = {agent: int(x) if isinstance(x, float) and x.is_integer() else x for agent, x in actions.items()}
        return super().step(whole)


@breaks("illegal_input_refused")
class MissingAgentIdles(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        return super().step({**dict.fromkeys(self.possible_agents, 0), **actions})


@breaks("illegal_input_changes_nothing")
class AppliesHalf(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        try:
            return super().step(actions)
        except ActionError:
            self.world.energy_kwh["bs"][0, 0] -= 0.01  # type: ignore[attr-defined]
            raise


@breaks("illegal_input_changes_nothing")
class BlamesTheAgent(ParallelFace):
    penalty = 0.0  # in the face, where the world's snapshot does not show it

    def step(self, actions: dict[str, Any]) -> Step:
        try:
            result = super().step(actions)
        except ActionError:
            self.penalty += 1.0
            raise
        result[1]["bs_0"] -= self.penalty
        return result


@breaks("finished_episodes_refuse_steps")
class GoesOnAfterTheEnd(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        return super().step(actions) if self.agents else ({}, {}, {}, {}, {})


@breaks("vector_face_tells_the_same")
class RewardsExchanged(ParallelFace):
    def step(self, actions: dict[str, Any]) -> Step:
        result = super().step(actions)
        result[1]["bs_0"], result[1]["bs_1"] = result[1]["bs_1"], result[1]["bs_0"]
        return result


@breaks("snapshots_round_trip")
class RewardsLate(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        self.late = dict.fromkeys(self.possible_agents, 0.0)
        return super().reset(seed, options)

    def step(self, actions: dict[str, Any]) -> Step:
        observations, rewards, *rest = super().step(actions)
        late, self.late = self.late, dict(rewards)
        return (observations, late, *rest)  # type: ignore[return-value]


@breaks("partial_resets_leave_others_alone")
class ObservationsExchanged(ParallelFace):
    def _observe(self, infos: AgentInfos) -> tuple[Observations, AgentInfos]:
        observations, infos = super()._observe(infos)
        return {**observations, "bs_0": observations["bs_1"], "bs_1": observations["bs_0"]}, infos


@breaks("observations_tell_something")
class SeesNothing(ParallelFace):
    def _observe(self, infos: AgentInfos) -> tuple[Observations, AgentInfos]:
        observations, infos = super()._observe(infos)
        return {**observations, "retailer_1": observations["retailer_1"] * 0}, infos


@breaks("state_moves")
class StateOfTheReset(ParallelFace):
    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        result = super().reset(seed, options)
        self.kept = super().state()
        return result

    def state(self) -> NDArray[np.float32]:
        return self.kept.copy()


@breaks("aec_face_tells_the_same")
class MindsItsOptions(ParallelFace):
    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = NOT_GIVEN
    ) -> tuple[Observations, AgentInfos]:
        return super().reset(seed if seed is None or options is NOT_GIVEN else seed + 1)
