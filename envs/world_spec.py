"""What a world says of itself, once: everything that training, evaluation, experiments and documentation ask of it."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import PhysicsError, ScenarioError
from voltran.envs.infos import NeutralInfos
from voltran.envs.metric import Metric
from voltran.envs.references import resolve
from voltran.envs.scenario import Scenario, validated
from voltran.envs.world import World

MOST_WORLDS = 100_000  # of a batch
Named = str | Callable[..., Any]
Metrics = Mapping[str, float | None]


@dataclass(frozen=True)
class Bound:
    """What the best of all could have reached in an episode.

    Attributes:
        compute: metrics of the best, from a world after its episode; they depend on scenario, seed and length only.
        compare: metrics of an episode that compare its own with those of the best; None where one has no value.
    """

    compute: Callable[[Any], Mapping[str, float]]
    compare: Callable[[Metrics, Mapping[str, float]], Metrics]


@dataclass(frozen=True)
class WorldSpec:
    """A world's declaration. What is heavy, or stands above ``envs``, is named as ``module:attribute`` and loaded late.

    Attributes:
        name: versioned, such as ``blackout_v0``; the ``world`` of its scenarios.
        gymnasium_id: of its central face with Gymnasium, such as ``voltran/Blackout-v0``.
        summary: what it is about, in a line.
        world: class of the world, or its reference; takes the scenario, the batch size and options.
        scenario: class of its scenarios, or its reference.
        default_scenario: played where none is named.
        metrics: what its episodes are judged by, in the order of tables.
        training_metric: key of the one that tells how far training has come.
        infos: role -> key of its agents' infos -> value before the first step, and the same of ``"episode"`` for infos
            about whole episodes; those that are left out are there from the first step on.
        rewards: name -> reference of a reward, see :mod:`voltran.envs.rewards`;
            the first is paid unless told otherwise.
        training_reward: name of the one that agents learn from unless told otherwise.
        training_overrides: scenario keys, and their values, under which policies learn unless told otherwise.
        training_options: the same of the options that the worlds are built with.
        default_opponents: role -> controller that plays it where another learns and nobody was named.
        declarations: reference of a function from a world and a role's name to what tables show of a policy that was
            trained for that role of it; may be empty.
        evaluation_overrides: scenario keys, and their values, under which its scenarios are evaluated.
        default_controllers: who is compared where nobody is named; by default one that acts at random.
        bound: reference of a :class:`Bound`; may be empty.
        pictures: reference of a function that draws an evaluation's pictures; may be empty.
        picture_names: names that these may have, ``*`` standing for anything; empty where nobody says.
        uses: references of what its worlds load by name while they play, such as a learned forecaster.
        text, picture: functions that show a scene as text and as an image, or their references; may be empty.
        replay: class that shows an episode while it plays, see :mod:`voltran.envs.replay.base`, or its reference;
            where it is empty, replays show what all worlds have.
        picture_needs: modules without which no image can be drawn; environments that shall draw ask for them when they
            are made.
    """

    name: str
    gymnasium_id: str
    summary: str
    world: Named
    scenario: str | type[Scenario]
    default_scenario: str
    metrics: tuple[Metric, ...]
    training_metric: str
    infos: NeutralInfos = field(default_factory=dict)
    rewards: Mapping[str, str] = field(default_factory=dict)
    training_reward: str | None = None
    training_overrides: Mapping[str, Any] = field(default_factory=dict)
    training_options: Mapping[str, Any] = field(default_factory=dict)
    default_opponents: Mapping[str, str] = field(default_factory=dict)
    declarations: str = ""
    evaluation_overrides: Mapping[str, Any] = field(default_factory=dict)
    default_controllers: tuple[str, ...] = ("random",)
    bound: str = ""
    pictures: str = ""
    picture_names: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    text: Named = ""
    picture: Named = ""
    replay: Named = ""
    picture_needs: tuple[str, ...] = ()

    def load(self, part: str) -> Any:
        """A part of the declaration, loaded where it is a reference; None where there is none.

        Raises:
            ScenarioError: a reference to something that does not exist.
        """
        value = getattr(self, part)
        return (resolve(value, f"{part} of world {self.name}") if value else None) if isinstance(value, str) else value

    @property
    def modules(self) -> frozenset[str]:
        """Names of the modules that decide what happens in its worlds, and what its episodes are judged by."""
        parts = [self.world, self.scenario, self.bound, *self.rewards.values()]
        return frozenset(part.partition(":")[0] if isinstance(part, str) else part.__module__ for part in parts if part)

    @property
    def used_modules(self) -> frozenset[str]:
        """Names of the modules that its worlds load by name; they count for its own episodes alone."""
        return frozenset(part.partition(":")[0] for part in self.uses)

    def may_be_undefined(self, metric: str) -> bool:
        """Whether a metric is NaN by definition in some episodes."""
        return any(each.may_be_undefined and (each.key == metric or each.numbered(metric)) for each in self.metrics)

    @property
    def options(self) -> list[str]:
        """Names of the options that its worlds are built with."""
        return list(inspect.signature(self.load("world")).parameters)[2:]

    def build(self, data: Mapping[str, Any], n_worlds: int, options: Mapping[str, Any]) -> World:
        """Build a batch of worlds from a raw scenario mapping.

        Args:
            data: the mapping.
            n_worlds: batch size ``B``.
            options: of the world.

        Raises:
            ScenarioError: a mistyped or impossible scenario, an unknown option, or a batch size that cannot be.
        """
        checked = validated(self.load("scenario"), data, f"scenario {data.get('name', '')}".rstrip())
        allowed = self.options
        for option in options:
            if option not in allowed:
                raise ScenarioError(
                    f"{self.name} has no option {option!r}; its options: {', '.join(allowed) or 'none'}"
                )
        if not 1 <= n_worlds <= MOST_WORLDS:
            raise ScenarioError(f"n_worlds = {n_worlds}: give a number from 1 to {MOST_WORLDS}")
        try:
            world: World = self.load("world")(checked, n_worlds, **options)
        except MemoryError as error:
            raise ScenarioError(
                f"n_worlds = {n_worlds}: there is not enough memory ({error}); build fewer worlds, or smaller ones"
            ) from error
        return world


def require_finite(metrics: Metrics, spec: WorldSpec, whose: str) -> None:
    """Make sure that metrics are finite, but for those that are declared to be undefined at times.

    Raises:
        PhysicsError: one is not; names it.
    """
    for name, value in metrics.items():
        if value is None or math.isfinite(value) or (math.isnan(value) and spec.may_be_undefined(name)):
            continue
        raise PhysicsError(
            f"{name} of {whose} is {value}: the scenario leads beyond what can be computed; bring its numbers nearer "
            "to those of a shipped one"
        )


def by_metric(results: Mapping[int, Mapping[str, float]], n_worlds: int) -> dict[str, NDArray[np.float64]]:
    """Metric -> ``[B]`` out of world -> its metrics; NaN for worlds that are not there."""
    names = next(iter(results.values()), {})
    blank = dict.fromkeys(names, np.nan)
    return {name: np.array([results.get(world, blank)[name] for world in range(n_worlds)]) for name in names}
