"""Rules that all faces of one world tell the same story, bit for bit."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.checks.action_sampling import carried_mask, mask_parts
from voltran.envs.checks.recording import Moment, Subject, difference
from voltran.envs.checks.report import ConformanceError, NotApplicable
from voltran.envs.faces.aec import aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.seeds import training_seed
from voltran.envs.world import Role, World

VECTOR_WORLDS = 3


def aec_face_tells_the_same(subject: Subject) -> None:
    """AEC: each agent sees, gets and is told what the Parallel face says."""
    env = aec_face(_parallel(subject))
    for episode in subject.recordings:
        env.reset(seed=episode.seed)
        for step, moment in enumerate(episode.moments):
            following = episode.moments[step + 1].actions if step + 1 < len(episode.moments) else {}
            for _ in moment.observations:
                agent = env.agent_selection  # at the end PettingZoo's order is alphabetical
                result = [moment.rewards.get(agent, 0), moment.terminations.get(agent, False)]
                result += [moment.truncations.get(agent, False), moment.infos[agent]]
                _compare(
                    "aec_face_tells_the_same", [moment.observations[agent], *result], list(env.last()), step, agent
                )
                env.step(following.get(agent))
        if env.agents:
            raise ConformanceError("aec_face_tells_the_same", f"the end of the episode, got agents {env.agents}")


def central_face_tells_the_same(subject: Subject) -> None:
    """Central: observation is the state, reward the mean over all agents, the mask all agents' masks in a row."""
    parallel = _parallel(subject)
    if len({isinstance(role.action_space, spaces.Box) for role in parallel.world.roles}) > 1:
        raise NotApplicable("some actions are continuous and others are choices, which fit no central face")
    central = CentralFace(parallel.make_world, max_cycles=parallel.max_cycles)
    for episode in subject.recordings:
        parallel.reset(seed=episode.seed)
        observation, _ = central.reset(seed=episode.seed)
        _compare_central(parallel, central, [], [observation], 0)
        for step, moment in episode.steps:
            parallel.step(dict(moment.actions))
            joint = np.concatenate([np.atleast_1d(action) for action in moment.actions.values()])
            observation, *result, _ = central.step(joint)
            ends = [any(flags.values()) for flags in (moment.terminations, moment.truncations)]
            expected = [float(np.mean(list(moment.rewards.values()))), *ends]
            _compare_central(parallel, central, expected, [observation, *result], step)


def _compare_central(
    parallel: ParallelFace, central: CentralFace, result: list[Any], got: list[Any], step: int
) -> None:
    masks = np.concatenate(list(parallel.action_masks().values())).astype(bool)
    expected = [parallel.state(), *result, masks]
    _compare("central_face_tells_the_same", expected, [*got, central.action_masks()], step)


def vector_face_tells_the_same(subject: Subject) -> None:
    """Vector: each row of a batch of worlds plays the episodes that the Parallel face plays from the same seeds."""
    try:
        from voltran.envs.faces.vector import VectorFace
    except ImportError as error:
        raise NotApplicable(f"{error.name} is not installed") from error
    parallel = _parallel(subject)
    timelines = [_timeline(subject, parallel, index) for index in range(VECTOR_WORLDS)]
    batches = list(zip(*timelines, strict=False))
    for role in parallel.world.roles:
        world = parallel.make_world(VECTOR_WORLDS)
        world.max_decisions = parallel.max_cycles
        joint_actions = [_joint_actions(world.roles, batch) for batch in batches]
        vector = VectorFace(world, role.name, subject.seed, others=_replaying(joint_actions))
        vector.reset()
        for step, batch in enumerate(batches, start=1):
            actions = joint_actions[step - 1][role.name]
            returned = vector.step(actions.reshape(vector.num_envs, *actions.shape[2:]))
            _compare_rows(role, batch, (*returned, vector.action_masks()), step)


def partial_resets_leave_others_alone(subject: Subject) -> None:
    """In a batch, a world plays on unmoved while the world beside it is reset after every single step."""
    parallel = _parallel(subject)
    world = parallel.make_world(2)
    world.max_decisions = parallel.max_cycles
    for episode in subject.legal:
        seeds = [episode.seed or 0, episode.seed or 0]
        first = episode.moments[1]
        world.reset(seeds)
        for step, moment in episode.steps:
            # The world beside it makes the episode's first step over and over.
            world.step(_joint_actions(world.roles, ((moment, moment), (first, first))))
            world.reset(seeds, np.array([moment.is_last, True]))
            following = episode.moments[0] if moment.is_last else moment
            _compare_with_batch(world, following, step)


def _compare_with_batch(world: World, following: Moment, step: int) -> None:
    batch = world.observations()
    for role in world.roles:
        for index, agent in enumerate(role.agent_ids):
            expected, got = _plain(following.observations[agent]), batch[role.name][0, index]
            _compare("partial_resets_leave_others_alone", expected, got, step, agent)


# After a step: what it returned, and what is seen next (the reset's moment if it was the last step).
Turn = tuple[Moment, Moment]


def _timeline(subject: Subject, parallel: ParallelFace, world: int) -> list[Turn]:
    """Two episodes in a row, as one world of a vector face plays them."""
    episodes = [subject.play(parallel, training_seed(subject.seed, world, number)) for number in range(2)]
    turns = []
    for number, episode in enumerate(episodes):
        for _, moment in episode.steps:
            if not moment.is_last:
                turns.append((moment, moment))
            elif number == 0:
                turns.append((moment, episodes[1].moments[0]))
    return turns


def _joint_actions(roles: tuple[Role, ...], batch: tuple[Turn, ...]) -> dict[str, NDArray[Any]]:
    return {
        role.name: np.array([[moment.actions[agent] for agent in role.agent_ids] for moment, _ in batch])
        for role in roles
    }


def _replaying(joint_actions: list[dict[str, NDArray[Any]]]) -> Callable[[World], dict[str, NDArray[Any]]]:
    upcoming = iter(joint_actions)
    return lambda _: next(upcoming)


def _compare_rows(role: Role, batch: tuple[Turn, ...], returned: tuple[Any, ...], step: int) -> None:
    observations, rewards, dones, infos, masks = returned
    for world, (moment, following) in enumerate(batch):
        for index, agent in enumerate(role.agent_ids):
            row = world * role.count + index
            expected = [_plain(following.observations[agent]), float(moment.rewards[agent]), moment.is_last]
            got = [observations[row], float(rewards[row]), bool(dones[row])]
            parts = mask_parts(role.action_space, carried_mask(following.observations[agent], following.infos[agent]))
            if parts is not None:
                expected.append(np.concatenate(parts))
                got.append(masks[row])
            if moment.is_last:
                expected += [_plain(moment.observations[agent]), moment.truncations[agent]]
                got += [infos[row]["terminal_observation"], infos[row]["TimeLimit.truncated"]]
            _compare("vector_face_tells_the_same", expected, got, step, agent, f"world {world} of {len(batch)}, ")


def _plain(observation: Any) -> Any:
    return observation["observation"] if isinstance(observation, Mapping) else observation


def _compare(rule: str, expected: Any, got: Any, step: int, agent: str | None = None, place: str = "") -> None:
    mismatch = difference(expected, got, f"{place}parallel against this face: ")
    if mismatch:
        raise ConformanceError(
            rule, f"the story of the Parallel face; {mismatch}; one of the two tells it wrong", agent=agent, step=step
        )


def _parallel(subject: Subject) -> ParallelFace:
    env = subject.env_fn().unwrapped
    if not isinstance(env, ParallelFace):
        raise NotApplicable("the environment is no ParallelFace of a world")
    return env
