"""Rules about what an environment returns in the course of whole episodes."""

import random
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from voltran.envs.checks.action_sampling import carried_mask, is_legal, mask_parts
from voltran.envs.checks.recording import PARTS, Moment, Subject, difference
from voltran.envs.checks.report import ConformanceError, NotApplicable


def spaces_stay_the_same(subject: Subject) -> None:
    """``observation_space(agent)`` and ``action_space(agent)`` return the same object at each call."""
    env = subject.env_fn()
    before = {agent: (env.observation_space(agent), env.action_space(agent)) for agent in env.possible_agents}
    subject.play(env, subject.seed)
    for agent, (observation_space, action_space) in before.items():
        if env.observation_space(agent) is not observation_space or env.action_space(agent) is not action_space:
            raise ConformanceError("spaces_stay_the_same", "the same space object at each call", agent=agent)


def agents_never_leave(subject: Subject) -> None:
    """Agents are told everything at each step, and none leaves untold: ours stay to the end, others' until theirs."""
    possible = list(subject.reference.possible_agents)
    for episode in subject.recordings:
        before = possible if subject.is_ours else episode.moments[0].agents
        for step, moment in enumerate(episode.moments):
            _require_entries(moment, before, step)
            _require_agents(moment, before, step, leave=not subject.is_ours)
            before = moment.agents


def _require_entries(moment: Moment, agents: list[str], step: int) -> None:
    """Whatever was returned has an entry for each agent that had a turn; infos have a rule of their own."""
    for name in PARTS[bool(step)][:-1]:
        entries = getattr(moment, name)
        if set(entries) != set(agents):
            missing = next((agent for agent in agents if agent not in entries), None)
            expected = f"{name} for exactly {agents}, got {list(entries)}"
            raise ConformanceError("agents_never_leave", expected, agent=missing, step=step)


def _require_agents(moment: Moment, before: list[str], step: int, *, leave: bool) -> None:
    """``agents`` are those from before, less those who may leave: when all end, or when each one's episode ends."""
    if step and moment.is_last:
        return
    staying = [agent for agent in before if not (leave and agent in moment.told_it_is_over)]
    if moment.agents != staying:
        missing = next((agent for agent in staying if agent not in moment.agents), None)
        expected = f"agents == {staying}, got {moment.agents}; tell agents that leave, by terminations or truncations"
        raise ConformanceError("agents_never_leave", expected, agent=missing, step=step)


def infos_per_agent(subject: Subject) -> None:
    """Infos have exactly one dict for each agent, which it shares with no other."""
    for step, moment, _ in _moments(subject):
        told = list(moment.observations)
        if set(moment.infos) != set(told):
            missing = next((agent for agent in told if agent not in moment.infos), None)
            expected = f"infos for exactly {told}, got {list(moment.infos)}"
            raise ConformanceError("infos_per_agent", expected, agent=missing, step=step)
        told_something = [id(info) for info in moment.infos.values() if info]
        if len(set(told_something)) != len(told_something):
            raise ConformanceError("infos_per_agent", "a dict of its own for each agent", step=step)


def infos_hold_no_nan(subject: Subject) -> None:
    """Numbers in infos, however deep, are not NaN; what does not exist is left out, or None (``kpis`` may name it)."""
    for step, moment, _ in _moments(subject):
        for agent, info in moment.infos.items():
            # A metric that an episode does not have, such as a mean price without purchases, keeps its column.
            place = _place_of_nan({name: value for name, value in info.items() if name != "kpis"}, "info")
            if place:
                expected = f"a number at {place}, got NaN; leave out what does not exist, or say None"
                raise ConformanceError("infos_hold_no_nan", expected, agent=agent, step=step)


def _place_of_nan(value: Any, path: str) -> str | None:
    if isinstance(value, Mapping):
        parts = ((item, f"{path}[{key!r}]") for key, item in value.items())
    elif isinstance(value, list | tuple):
        parts = ((item, f"{path}[{index}]") for index, item in enumerate(value))
    else:
        numbers = np.asarray(value) if isinstance(value, float | np.floating | np.ndarray) else np.zeros(0)
        return path if numbers.dtype.kind == "f" and np.isnan(numbers).any() else None
    return next((place for item, part in parts if (place := _place_of_nan(item, part))), None)


def observations_finite(subject: Subject) -> None:
    """Observations hold neither NaN nor infinity."""
    for step, moment, _ in _moments(subject):
        for agent, observation in moment.observations.items():
            values = observation.get("observation") if isinstance(observation, Mapping) else observation
            if isinstance(values, np.ndarray) and values.dtype.kind == "f" and not np.isfinite(values).all():
                index = np.argwhere(~np.isfinite(values))[0].tolist()
                expected = f"finite numbers, got {values[tuple(index)]} at index {index}"
                raise ConformanceError("observations_finite", expected, agent=agent, step=step)


def observations_in_space(subject: Subject) -> None:
    """Every observation lies in its agent's space, dtype and shape included."""
    for step, moment, _ in _moments(subject):
        for agent, observation in moment.observations.items():
            space = subject.reference.observation_space(agent)
            if not space.contains(observation):
                expected = f"an observation in {space}, got {observation!r}"
                raise ConformanceError("observations_in_space", expected, agent=agent, step=step)
            dtype = getattr(observation, "dtype", space.dtype)
            if isinstance(space, spaces.Box) and dtype != space.dtype:
                expected = f"an observation of dtype {space.dtype}, as the space says, got {dtype}"
                raise ConformanceError("observations_in_space", expected, agent=agent, step=step)


def state_in_space(subject: Subject) -> None:
    """``state()`` lies in ``state_space`` from the reset on."""
    env = subject.env_fn()
    space = getattr(env, "state_space", None)
    if space is None:
        raise NotApplicable("the environment has no state_space")
    steps = iter(range(subject.max_steps + 1))

    def look(_: Any) -> None:
        if not space.contains(env.state()):
            raise ConformanceError("state_in_space", f"a state in {space}, got {env.state()!r}", step=next(steps))
        next(steps)

    subject.play(env, subject.seed, on_return=look)


def rewards_finite(subject: Subject) -> None:
    """Rewards are finite numbers."""
    for step, moment, _ in _moments(subject):
        for agent, reward in moment.rewards.items():
            number = np.asarray(reward)
            if number.ndim or number.dtype.kind not in "iuf" or not np.isfinite(number):
                raise ConformanceError("rewards_finite", f"a finite number, got {reward!r}", agent=agent, step=step)


def masks_not_empty(subject: Subject) -> None:
    """A mask allows at least one action (one value of each choice) and has the size of the action space."""
    masked = False
    for step, moment, _ in _moments(subject):
        for agent, observation in moment.observations.items():
            space = subject.reference.action_space(agent)
            mask = carried_mask(observation, moment.infos.get(agent))
            parts = mask_parts(space, mask)
            masked |= parts is not None
            sizes = np.atleast_1d(getattr(space, "nvec", getattr(space, "n", 0)))
            if parts is not None and [part.size for part in parts] != sizes.tolist():
                expected = f"masks of sizes {sizes.tolist()}, got {[part.size for part in parts]}"
                raise ConformanceError("masks_not_empty", expected, agent=agent, step=step)
            if parts is not None and not all(part.any() for part in parts):
                raise ConformanceError("masks_not_empty", f"a legal action, got {mask!r}", agent=agent, step=step)
    if not masked:
        raise NotApplicable("no agent is handed a mask")


def masks_agree(subject: Subject) -> None:
    """``action_mask(agent)`` and ``action_masks()`` say what the observation or info carries."""
    env = subject.env_fn()
    if not hasattr(env, "action_mask") or not hasattr(env, "action_masks"):
        raise NotApplicable("the environment has no action_mask(agent) and action_masks()")

    def look(returned: tuple[Any, ...]) -> None:
        for agent, observation in returned[0].items():
            carried = mask_parts(env.action_space(agent), carried_mask(observation, returned[-1].get(agent)))
            flat = env.action_mask(agent)
            if difference(flat, env.action_masks()[agent]):
                raise ConformanceError("masks_agree", "action_mask(agent) == action_masks()[agent]", agent=agent)
            if carried is not None and not np.array_equal(np.concatenate(carried), np.asarray(flat, bool)):
                raise ConformanceError("masks_agree", f"the mask handed out, got {flat!r}", agent=agent)

    subject.play(env, subject.seed, on_return=look)


def masks_honest(subject: Subject) -> None:
    """A legal action is executed as it is, an illegal one is projected, where infos report ``projected``."""
    reported = False
    for episode in subject.recordings:
        for step, moment in episode.steps:
            before = episode.moments[step - 1]
            for agent, action in moment.actions.items():
                info = moment.infos.get(agent, {})
                mask = carried_mask(before.observations.get(agent), before.infos.get(agent))
                if mask is None or "projected" not in info:
                    continue
                reported = True
                legal = is_legal(subject.reference.action_space(agent), mask, action)
                if legal == bool(info["projected"]):
                    expected = (
                        f"action {action!r}, {'legal' if legal else 'illegal'} by the mask, projected={not legal}"
                    )
                    raise ConformanceError("masks_honest", expected, agent=agent, step=step)
    if not reported:
        raise NotApplicable("infos do not report 'projected' next to a mask")


def episodes_end(subject: Subject) -> None:
    """Every episode ends."""
    for episode in subject.recordings:
        if not episode.moments[-1].is_last:
            steps = len(episode.moments) - 1
            raise ConformanceError("episodes_end", f"an end within {subject.max_steps} steps", step=steps)


def all_end_together(subject: Subject) -> None:
    """All agents terminate or are truncated at the same step, and ``agents`` is empty then."""
    if not subject.is_ours and any(moment.told_it_is_over and not moment.is_last for _, moment, _ in _moments(subject)):
        raise NotApplicable("some agents end before others, as PettingZoo allows")
    for step, moment, _ in _moments(subject):
        for name in ("terminations", "truncations"):
            flags = getattr(moment, name)
            if len({bool(flag) for flag in flags.values()}) > 1:
                agent = next(agent for agent in flags if flags[agent])
                raise ConformanceError("all_end_together", f"the same {name} for all", agent=agent, step=step)
        if bool(moment.agents) == (moment.is_last and bool(step)):
            expected = f"agents == [] exactly when the episode is over, got {moment.agents}"
            raise ConformanceError("all_end_together", expected, step=step)


def flags_are_booleans(subject: Subject) -> None:
    """Terminations and truncations are True or False, not numbers."""
    for step, moment, _ in _moments(subject):
        for name in ("terminations", "truncations"):
            for agent, flag in getattr(moment, name).items():
                if not isinstance(flag, bool | np.bool_):
                    expected = f"{name} of True or False, got {flag!r}"
                    raise ConformanceError("flags_are_booleans", expected, agent=agent, step=step)


def truncation_is_not_termination(subject: Subject) -> None:
    """An episode cut short by ``max_cycles`` is truncated, not terminated; nothing is ever both."""
    for step, moment, _ in _moments(subject):
        for agent, terminated in moment.terminations.items():
            if terminated and moment.truncations.get(agent):
                expected = "either terminated or truncated, got both"
                raise ConformanceError("truncation_is_not_termination", expected, agent=agent, step=step)
    env = subject.env_fn()
    horizon = (len(subject.legal[0].moments) - 1) // 2
    if horizon < 1 or not hasattr(env, "max_cycles"):
        raise NotApplicable("no max_cycles to cut an episode short with")
    env.max_cycles = horizon
    episode = subject.play(env, subject.seed)
    last = episode.moments[-1]
    if len(episode.moments) - 1 != horizon:
        raise NotApplicable("setting max_cycles does not change the horizon")
    for agent in last.terminations:
        if last.terminations[agent] or not last.truncations[agent]:
            expected = f"terminated=False, truncated=True with max_cycles={horizon}"
            raise ConformanceError("truncation_is_not_termination", expected, agent=agent, step=horizon)


def global_generators_untouched(subject: Subject) -> None:
    """Building, resetting, stepping and asking for state leave the global generators alone."""
    before = global_states()
    env = subject.env_fn()
    for seed in (None, subject.seed, subject.seed + 1):
        subject.play(env, seed)
        for name, state in global_states().items():
            if name in before and difference(before[name], state):
                raise ConformanceError("global_generators_untouched", f"the global generator of {name} as it was")


def _moments(subject: Subject) -> Iterator[tuple[int, Moment, list[str]]]:
    possible = list(subject.reference.possible_agents)
    for episode in subject.recordings:
        for step, moment in enumerate(episode.moments):
            yield step, moment, possible


def global_states() -> dict[str, Any]:
    """State of every global random generator that is in use."""
    numpy_state = np.random.get_state()  # noqa: NPY002 - the legacy generator is what is being watched
    states: dict[str, Any] = {"random": random.getstate(), "numpy": numpy_state}
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy()
    return states
