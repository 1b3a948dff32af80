"""Rules about whom rewards and observations belong to, and when they come: known by what another action changes.

An episode is played again with the same seed and actions, but for one agent's at one step. Whatever differs right after
it answers to that agent's action. Worlds of ours are compared with themselves instead, face by face, which shows more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from gymnasium import spaces

from voltran.envs.checks.action_sampling import carried_mask, choose, is_legal
from voltran.envs.checks.recording import Episode, Moment, Subject, difference, recorded
from voltran.envs.checks.report import ConformanceError, NotApplicable

PROBED_STEPS = 4
MOST_AGENTS = 6
TRIES = 8
NOTE = "influence"
MEANT = "if it is meant, skip this rule"

Answers = dict[str, set[str]]


@dataclass
class Influence:
    """Agent -> agents whose actions change what it gets, in the same step and in the one after it."""

    rewards: Answers = field(default_factory=dict)
    observations: Answers = field(default_factory=dict)
    later_rewards: Answers = field(default_factory=dict)

    def note(self, name: str, actor: str, expected: Mapping[str, Any], got: Mapping[str, Any]) -> None:
        """Enter who was told something else."""
        for agent in expected:
            if agent in got and difference(expected[agent], got[agent]):
                getattr(self, name).setdefault(agent, set()).add(actor)


def influence_of(subject: Subject) -> Influence:
    """What actions change; found out by playing an episode again and again."""
    found, episode, env = Influence(), subject.legal[0], subject.env_fn()
    last = len(episode.moments) - 1
    for step in sorted({int(place) for place in np.linspace(1, max(1, last - 1), PROBED_STEPS)}):
        before = episode.moments[step - 1]
        for agent in before.agents[:MOST_AGENTS]:
            other = _another_action(env.action_space(agent), before, agent, episode.moments[step].actions[agent])
            if other is not None:
                _probe(env, episode, step, {agent: other}, found)
    return found


def rewards_go_to_their_agents(subject: Subject) -> None:
    """No two agents get each other's rewards: each answers to the other's actions only, never to its own."""
    rewards = _foreign(subject).rewards
    for agent, other in _exchanged(rewards):
        expected = f"a reward that answers to the agent's own actions; it answers to those of {other} only; {MEANT}"
        raise ConformanceError("rewards_go_to_their_agents", expected, agent=agent)


def observations_go_to_their_agents(subject: Subject) -> None:
    """No two agents see what belongs to each other: own actions decide what one gets, and show to the other only."""
    found = _foreign(subject)
    for agent, other in _exchanged(found.observations):
        if all(found.rewards.get(one) == {one} for one in (agent, other)):
            expected = (
                f"an observation in which the agent's own actions show, as its rewards answer to nothing else; only "
                f"those of {other} do; {MEANT}"
            )
            raise ConformanceError("observations_go_to_their_agents", expected, agent=agent)


def rewards_come_in_time(subject: Subject) -> None:
    """Rewards are those of the step that returns them, not of the one before."""
    found = _foreign(subject)
    steps = [(step, moment) for episode in subject.recordings for step, moment in episode.steps]
    first = [any(moment.rewards.values()) for step, moment in steps if step == 1]
    others = [any(moment.rewards.values()) for step, moment in steps if step > 1]
    if found.later_rewards and not found.rewards and not any(first) and others and all(others):
        expected = (
            "the reward of this step's actions; all rewards are 0 here and never afterwards, and answer to the actions "
            f"of the step before: return each with its own step; {MEANT}"
        )
        raise ConformanceError("rewards_come_in_time", expected, step=1)


def observations_tell_something(subject: Subject) -> None:
    """What an agent observes is not the same at all times and for all seeds, unless its space has but one element."""
    moments = [moment for episode in subject.recordings for moment in episode.moments]
    for agent in subject.reference.possible_agents:
        seen = [moment.observations[agent] for moment in moments if agent in moment.observations]
        if _has_one_element(subject.reference.observation_space(agent)) or len(seen) < 3:
            continue
        if not any(difference(_numbers(seen[0]), _numbers(one)) for one in seen[1:]):
            expected = (
                f"observations that change; all {len(seen)}, of {len(subject.recordings)} episodes, are the same: "
                f"return what is to be seen, or a space with one element; {MEANT}"
            )
            raise ConformanceError("observations_tell_something", expected, agent=agent)


def state_moves(subject: Subject) -> None:
    """``state()`` is that of the moment: it does not stay that of the reset while observations change."""
    env = subject.env_fn()
    if getattr(env, "state_space", None) is None:
        raise NotApplicable("the environment has no state_space")
    states: list[Any] = []
    episode = subject.play(env, subject.seed, on_return=lambda _: states.append(np.array(env.state(), copy=True)))
    moved = [
        step
        for step, moment in episode.steps
        if difference(_all_numbers(episode.moments[0]), _all_numbers(moment)) is not None
    ]
    if moved and not any(difference(states[0], state) for state in states[1:]):
        expected = (
            "a state that changes as observations do; it is still that of the reset: compute it when it is asked for"
        )
        raise ConformanceError("state_moves", expected, step=moved[0])


def _foreign(subject: Subject) -> Influence:
    if subject.is_ours:
        raise NotApplicable("the faces of a world are compared with each other")
    if NOTE not in subject.notes:
        subject.notes[NOTE] = influence_of(subject)
    return cast(Influence, subject.notes[NOTE])


def _exchanged(answers: Answers) -> Iterator[tuple[str, str]]:
    """Agents that answer to one other agent alone, which does not answer to itself either."""
    for agent, actors in answers.items():
        other = next(iter(actors))
        if len(actors) == 1 and other != agent and answers.get(other, {other}).isdisjoint({other}):
            yield agent, other


def _probe(env: Any, episode: Episode, step: int, changed: dict[str, Any], found: Influence) -> None:
    """Play an episode up to a step, do something else there, and go on for a step as before."""
    actor = next(iter(changed))
    env.reset(seed=episode.seed)
    for moment in episode.moments[1:step]:
        env.step(dict(moment.actions))
    actions = {**episode.moments[step].actions, **changed}
    now, expected = recorded(actions, tuple(env.step(dict(actions))), list(env.agents)), episode.moments[step]
    found.note("rewards", actor, expected.rewards, now.rewards)
    found.note("observations", actor, _all_numbers(expected), _all_numbers(now))
    if step + 1 < len(episode.moments) and now.agents == expected.agents:
        after = episode.moments[step + 1]
        if all(_allowed(env, now, agent, action) for agent, action in after.actions.items()):
            then = recorded(after.actions, tuple(env.step(dict(after.actions))), list(env.agents))
            found.note("later_rewards", actor, after.rewards, then.rewards)


def _another_action(space: spaces.Space[Any], before: Moment, agent: str, action: Any) -> Any:
    """A legal action that differs; None if none turns up."""
    mask = carried_mask(before.observations.get(agent), before.infos.get(agent))
    generator = np.random.default_rng(0)
    for _ in range(TRIES):
        other = choose(space, mask, generator)
        if difference(np.asarray(action), np.asarray(other)):
            return other
    return None


def _allowed(env: Any, moment: Moment, agent: str, action: Any) -> bool:
    mask = carried_mask(moment.observations.get(agent), moment.infos.get(agent))
    return is_legal(env.action_space(agent), mask, action)


def _all_numbers(moment: Moment) -> dict[str, Any]:
    return {agent: _numbers(observation) for agent, observation in moment.observations.items()}


def _numbers(observation: Any) -> Any:
    """An observation without the mask that may travel with it."""
    if isinstance(observation, Mapping):
        return {name: part for name, part in observation.items() if name != "action_mask"}
    return observation


def _has_one_element(space: spaces.Space[Any]) -> bool:
    if isinstance(space, spaces.Dict):
        return all(_has_one_element(part) for name, part in space.items() if name != "action_mask")
    if isinstance(space, spaces.Box):
        return bool((space.low == space.high).all())
    return isinstance(space, spaces.Discrete) and int(space.n) == 1
