"""Rewards as parts: what a decision period is worth is a function of the period, chosen by name or passed in.

A reward of one's own, on top of a built-in one::

    def mine(period):
        return period.reward("team") + 0.1 * period.world.soc

    env = blackout_v0.parallel_env(reward=mine)  # or reward="my_package.my_module:mine"
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np

from voltran.envs.errors import PartError, ScenarioError
from voltran.envs.references import is_reference, resolve
from voltran.envs.world_spec import WorldSpec
from voltran.physics.arrays import FloatArray

Reward = Callable[[Any], Any]
RewardT = TypeVar("RewardT", bound=Reward)
RewardChoice = str | Reward | Mapping[str, str | Reward]


class RewardResult(NamedTuple):
    """What a reward may return instead of the plain rewards.

    Attributes:
        rewards: ``[B, n]`` of the world's first role, or role -> ``[B, n]``.
        components: name -> ``[B]``, for the infos, where they are called ``reward_NAME``.
    """

    rewards: Any
    components: Mapping[str, FloatArray] = {}


def with_components(*names: str) -> Callable[[RewardT], RewardT]:
    """Say which components a reward has, so that infos name them from the start of an episode on."""

    def declare(reward: RewardT) -> RewardT:
        reward.components = names  # type: ignore[attr-defined]
        return reward

    return declare


@dataclass
class Period:
    """A decision period that is over; a world's own class adds what its rewards need.

    Attributes:
        world: the world after the period, with its public properties.
        components: name -> ``[B]``, of all rewards that have been asked for so far.
    """

    world: Any
    components: dict[str, FloatArray] = field(default_factory=dict, init=False)
    _results: dict[str, dict[str, FloatArray]] = field(default_factory=dict, init=False, repr=False)

    def reward(self, name: str, role: str = "") -> FloatArray:
        """What another reward gives for this period.

        Args:
            name: of one of the world's own, or ``module:function``.
            role: whose; by default the world's first role.

        Returns:
            ``[B, n]``, a copy.

        Raises:
            ScenarioError: no such reward.
            PartError: it does not work.
        """
        return self.results(name)[role or self.world.roles[0].name].copy()

    def results(self, name: str) -> dict[str, FloatArray]:
        """The same for all roles that the reward speaks of: role -> ``[B, n]``."""
        if name not in self._results:
            self._results[name] = _Part.find(self.world.spec, name).of(self)
        return self._results[name]


class Rewards:
    """The rewards that a world pays.

    Roles that a reward does not speak of get what the first of the world's own rewards gives them.

    Args:
        spec: declaration of the world.
        roles: names of its roles.
        chosen: name of one of its rewards, ``module:function``, or a function of the period; of all roles, or of the
            first where it returns ``[B, n]``. Or role -> such a reward.

    Raises:
        ScenarioError: no such reward or role.
    """

    def __init__(self, spec: WorldSpec, roles: Sequence[str], chosen: RewardChoice) -> None:
        self._spec, self._roles, self._usual = spec, tuple(roles), next(iter(spec.rewards), "")
        by_role = chosen if isinstance(chosen, Mapping) else {"": chosen}
        if unknown := [role for role in by_role if role and role not in self._roles]:
            raise ScenarioError(f"reward: no role {unknown[0]!r}; roles are {', '.join(self._roles)}")
        self._parts = {role: _Part.find(spec, reward, role) for role, reward in by_role.items()}

    @property
    def components(self) -> list[str]:
        """Names of the components that the rewards are known to have; those of one's own may have others."""
        parts = list(self._parts.values())
        if self._usual and "" not in self._parts and set(self._roles) - set(self._parts):
            parts.append(_Part.find(self._spec, self._usual))
        return list(dict.fromkeys(name for part in parts for name in getattr(part.function, "components", ())))

    def __call__(self, period: Period) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """Role -> ``[B, n]``, and the components for the infos, ``reward_NAME`` -> ``[B]``.

        Raises:
            PartError: a reward of the user's raises, or gives something else than finite numbers of that shape.
        """
        rewards: dict[str, FloatArray] = {}
        for role, part in self._parts.items():
            results = part.of(period)
            rewards |= {name: value for name, value in results.items() if role in ("", name)}
        for role in self._roles:
            if role not in rewards:
                rewards[role] = self._usual_of(role, period)
        components = {f"reward_{name}": value for name, value in period.components.items()}
        return {role: rewards[role] for role in self._roles}, components

    def _usual_of(self, role: str, period: Period) -> FloatArray:
        usual = period.results(self._usual) if self._usual else {}
        if role not in usual:
            raise PartError(f"reward: gives nothing for role {role}; return role -> rewards [B, n] for every role")
        return usual[role].copy()


class _Part(NamedTuple):
    """One reward, and how messages call it."""

    name: str
    function: Reward
    role: str  # whose it is where it returns an array; empty for the world's first role
    check: bool  # it is none of the world's own

    @classmethod
    def find(cls, spec: WorldSpec, chosen: Any, role: str = "") -> "_Part":
        if callable(chosen):
            return cls(getattr(chosen, "__qualname__", type(chosen).__name__), chosen, role, True)
        if chosen in spec.rewards:
            return cls(chosen, resolve(spec.rewards[chosen], f"reward {chosen} of {spec.name}"), role, False)
        if not (isinstance(chosen, str) and is_reference(chosen)):
            known = ", ".join(spec.rewards)
            raise ScenarioError(
                f"reward = {chosen!r} is unknown; use one of {known}, module:function, or a function of the period"
            )
        function = resolve(chosen, "reward")
        if not callable(function):
            raise ScenarioError(f"reward = {chosen!r} is {function!r}; it must be a function of the period")
        return cls(chosen, function, role, True)

    def of(self, period: Period) -> dict[str, FloatArray]:
        """Role -> ``[B, n]``; components are put into the period."""
        returned = self._called(period)
        result = returned if isinstance(returned, tuple) else RewardResult(returned)
        if len(result) != 2 or not isinstance(result[1], Mapping):
            raise PartError(f"reward {self.name} returned a tuple; it must be (rewards, name -> components)")
        counts = {role.name: role.count for role in period.world.roles}
        rewards, components = result
        by_role = rewards if isinstance(rewards, Mapping) else {self.role or next(iter(counts)): rewards}
        if not self.check:
            period.components |= components
            return {role: by_role[role] for role in counts if role in by_role}
        n_worlds = period.world.n_worlds
        if unknown := [role for role in by_role if role not in counts]:
            raise PartError(f"reward {self.name} names role {unknown[0]!r}; roles are {', '.join(counts)}")
        period.components |= {
            name: self._array(f"component {name!r}", value, [(n_worlds,)]) for name, value in components.items()
        }
        rewards = {}
        for role, value in by_role.items():
            array = self._array(f"role {role}", value, [(n_worlds, counts[role]), (n_worlds,)])
            rewards[role] = np.repeat(array[:, None], counts[role], axis=1) if array.ndim == 1 else array
        return rewards

    def _called(self, period: Period) -> Any:
        if not self.check:
            return self.function(period)
        try:
            return self.function(period)
        except PartError:
            raise  # of another reward that it asks for
        except (Exception, SystemExit) as error:
            # whatever the user's function does on its way is the user's to mend
            raise PartError(
                f"reward {self.name} raised {type(error).__name__}: {error}; mend it: a function of the period that "
                "returns rewards [B, n]"
            ) from error

    def _array(self, what: str, value: Any, shapes: list[tuple[int, ...]]) -> FloatArray:
        """A fresh array of finite numbers of one of some shapes."""
        try:
            if np.iscomplexobj(value) or value is None:
                raise TypeError("no real number")
            array = np.array(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            shown = " ".join(repr(value).split())[:80]
            raise PartError(f"reward {self.name}: {what} is {shown}; it must return numbers {shapes[0]}") from error
        if array.shape not in shapes:
            raise PartError(f"reward {self.name}: {what} has the shape {array.shape}; it must return {shapes[0]}")
        if not np.isfinite(array).all():
            bad = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
            agent = f", agent {bad[1]}" if len(bad) > 1 else ""
            raise PartError(
                f"reward {self.name}: {what} = {array[bad]} in world {bad[0]}{agent}: must be finite; guard divisions"
            )
        return array
