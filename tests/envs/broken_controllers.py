"""Controllers that are broken in one way each, and the rule that must say so; and one that is sound."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.market.world import MarketWorld
from voltran.envs.world import World

BROKEN: dict[str, tuple[type[Any], str]] = {}
"""Name -> class of the broken controller, rule that it breaks."""

Codes = NDArray[np.int64]


def breaks(rule: str) -> Callable[[type[Any]], type[Any]]:
    """Enter a broken controller into the list."""

    def enter(broken: type[Any]) -> type[Any]:
        BROKEN[broken.__name__] = (broken, rule)
        return broken

    return enter


class Sound:
    """Plays the sites of a market: each takes one of its legal codes, as what it observes says."""

    information: Any = "aggregates"

    def reset(self, world: World) -> None:
        self.count = 0

    def act(self, world: World) -> Any:
        self.count += 1
        return {"bs": self.codes(world)}

    def numbers(self, world: World) -> NDArray[np.float64]:
        """Whatever the choice rests on, ``[B, n]``."""
        return np.asarray(1000.0 * world.observations()["bs"].sum(axis=-1))

    def codes(self, world: World, shift: Any = 0) -> Codes:
        masks, numbers = world.action_masks()["bs"], self.numbers(world) + shift
        codes = np.zeros(masks.shape[:2], np.int64)
        for place in np.ndindex(codes.shape):
            legal = np.flatnonzero(masks[place])
            codes[place] = legal[int(numbers[place]) % legal.size]
        return codes


@breaks("says_what_it_is")
class Nameless(Sound):
    name = " "


@breaks("says_what_it_is")
class KnowsAnything(Sound):
    information = "anything"


@breaks("says_what_it_is")
class DeclaresNumbers(Sound):
    declarations: Any = {"price": 3}  # noqa: RUF012 - the very fault


@breaks("says_what_it_is")
class AsksForTooMuch(Sound):
    world_options: Mapping[str, Any] = {"colour": "red"}


@breaks("plays_without_error")
class Crashes(Sound):
    def act(self, world: World) -> Any:
        if self.count == 3:
            raise ZeroDivisionError("site 3")
        return super().act(world)


@breaks("plays_without_error")
class CannotReset(Sound):
    def reset(self, world: World) -> None:
        raise KeyError("users")


@breaks("plays_without_error")
class ForgetsASite(Sound):
    def act(self, world: World) -> Any:
        return {"bs": super().act(world)["bs"][:, 1:]}


@breaks("plays_without_error")
class PlaysNobody(Sound):
    def act(self, world: World) -> Any:
        return {"sites": self.codes(world)}


@breaks("plays_without_error")
class ReturnsAList(Sound):
    def act(self, world: World) -> Any:
        return [self.codes(world)]


@breaks("masks_kept")
class IgnoresMasks(Sound):
    def act(self, world: World) -> Any:
        return {"bs": np.argmin(world.action_masks()["bs"], axis=-1)}


@breaks("world_left_alone")
class PlaysAhead(Sound):
    def act(self, world: World) -> Any:
        chosen = super().act(world)
        if self.count == 2:
            world.reset([7] * world.n_worlds)
        return chosen


@breaks("world_left_alone")
class ResetsTheWorld(Sound):
    def reset(self, world: World) -> None:
        super().reset(world)
        world.reset([7] * world.n_worlds)


@breaks("global_generators_left_alone")
class DrawsFromGlobalNumpy(Sound):
    def act(self, world: World) -> Any:
        return {"bs": self.codes(world, np.random.randint(0, 9))}  # noqa: NPY002 - the very fault


@breaks("same_in_every_instance")
class DrawsWithoutSeed(Sound):
    def act(self, world: World) -> Any:
        return {"bs": self.codes(world, np.random.default_rng().integers(0, 1000))}


@breaks("same_in_every_instance")
class CountsInstances(Sound):
    instances = 0

    def __init__(self) -> None:
        self.number = type(self).instances = self.instances + 1

    def act(self, world: World) -> Any:
        return {"bs": self.codes(world, self.number)}


@breaks("same_after_other_episodes")
class CountsEpisodes(Sound):
    episodes = 0

    def reset(self, world: World) -> None:
        super().reset(world)
        self.episodes += 1

    def act(self, world: World) -> Any:
        return {"bs": self.codes(world, self.episodes)}


@breaks("same_after_unfinished_episode")
class ForgetsAtTheEnd(Sound):
    count = 0

    def reset(self, world: World) -> None:
        if self.count % 6 == 0:  # as many as the tests let it play
            self.count = 0

    def act(self, world: World) -> Any:
        self.count += 1
        return {"bs": self.codes(world, self.count)}


@breaks("chosen_actions_never_change")
class ReusesItsBuffer(Sound):
    def reset(self, world: World) -> None:
        self.buffer = np.zeros((world.n_worlds, world.roles[0].count), np.int64)

    def act(self, world: World) -> Any:
        self.buffer[:] = self.codes(world)
        return {"bs": self.buffer}


@breaks("writing_into_chosen_actions_is_harmless")
class RemembersWhatItReturned(Sound):
    def reset(self, world: World) -> None:
        self.last: Any = 0

    def act(self, world: World) -> Any:
        self.last = self.codes(world, self.last)
        return {"bs": self.last}


@breaks("what_worlds_return_is_not_kept")
class KeepsObservations(Sound):
    def reset(self, world: World) -> None:
        self.seen = world.observations()["bs"]

    def act(self, world: World) -> Any:
        before, self.seen = self.seen, world.observations()["bs"]
        return {"bs": self.codes(world, np.trunc(1000.0 * before.sum(axis=-1)))}


@breaks("batches_like_single_worlds")
class TakesTheMeanOfTheBatch(Sound):
    def numbers(self, world: World) -> NDArray[np.float64]:
        return np.broadcast_to(super().numbers(world).mean(axis=0), (world.n_worlds, world.roles[0].count))


@breaks("batches_like_single_worlds")
class LooksAtTheFirstWorld(Sound):
    def codes(self, world: World, shift: Any = 0) -> Codes:
        return np.repeat(super().codes(world, shift)[:1], world.n_worlds, axis=0)


@breaks("same_after_other_worlds")
class RemembersTheLargestBatch(Sound):
    largest = 0

    def reset(self, world: World) -> None:
        self.largest = max(self.largest, world.n_worlds)

    def act(self, world: World) -> Any:
        return {"bs": self.codes(world, int(self.largest > world.n_worlds))}


@breaks("counters_are_numbers")
class CountsNothing(Sound):
    def counters(self) -> Mapping[str, float]:
        return {"gain": float("nan")}


@breaks("local_means_own")
class AsksTheOthers(Sound):
    information = "local"

    def numbers(self, world: World) -> NDArray[np.float64]:
        assert isinstance(world, MarketWorld)
        total = 1e4 * world.demand_kw.sum(axis=1, keepdims=True) + 1e4 * world.charge_room_kw.sum(axis=1, keepdims=True)
        return np.repeat(total, world.roles[0].count, axis=1)


@breaks("future_unknown")
class ReadsAhead(Sound):
    information = "global"

    def numbers(self, world: World) -> NDArray[np.float64]:
        assert isinstance(world, MarketWorld)
        return np.asarray(1e4 * world.load_series_kw[:, -1])


@breaks("future_unknown")
class StepsACopy(Sound):
    information = "global"

    def act(self, world: World) -> Any:
        chosen = super().act(world)
        if self.count == 1:
            trial, masks = copy.deepcopy(world), world.action_masks()
            trial.step({role.name: masks[role.name].argmax(axis=-1) for role in world.roles})
        return chosen
