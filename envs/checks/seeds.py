"""Rules about seeds: an episode follows from its seed, whatever came before and wherever it runs."""

from voltran.envs.checks.process import play_in_new_process
from voltran.envs.checks.recording import Episode, Subject, chosen_actions, difference, episode_difference, recorded
from voltran.envs.checks.report import ConformanceError, NotApplicable

MANY_EPISODES, ENOUGH_STEPS = 10, 60
FEW_SEEDS = 3


def seed_replays_in_one_instance(subject: Subject) -> None:
    """The same environment replays an episode from its seed, also after others."""
    env = subject.env_fn()
    first = subject.play(env, subject.seed)
    subject.play(env, subject.seed + 1)
    _expect_same("seed_replays_in_one_instance", first, subject.play(env, subject.seed))


def seed_replays_across_instances(subject: Subject) -> None:
    """Two environments play the same episode from the same seed."""
    for episode in subject.legal:
        again = subject.play(subject.env_fn(), episode.seed)
        _expect_same("seed_replays_across_instances", episode, again)


def seed_replays_after_dirty_episode(subject: Subject) -> None:
    """An episode left half-played leaves no trace in the next."""
    env = subject.env_fn()
    observations, infos = env.reset(seed=subject.seed + 1)
    moment = recorded({}, (observations, infos), list(env.agents))
    for step in range(1, max(2, len(subject.legal[0].moments) // 2)):
        if not env.agents:
            break
        actions = chosen_actions(env, moment, subject.seed + 1, step, legal=False)
        moment = recorded(actions, tuple(env.step(dict(actions))), list(env.agents))
    _expect_same("seed_replays_after_dirty_episode", subject.legal[0], subject.play(env, subject.seed))


def seed_replays_after_many_episodes(subject: Subject) -> None:
    """After ten more episodes, whole ones as far as they are short, nothing has drifted."""
    env, steps = subject.env_fn(), 0
    for number in range(MANY_EPISODES):
        if steps < ENOUGH_STEPS:
            steps += len(subject.play(env, subject.seed + number).moments)
        else:
            env.reset(seed=subject.seed + number)
    _expect_same("seed_replays_after_many_episodes", subject.legal[0], subject.play(env, subject.seed))


def seed_replays_across_processes(subject: Subject) -> None:
    """A fresh Python process plays the same episode from the same seed."""
    elsewhere = play_in_new_process(subject.env_fn, subject.seed, subject.max_steps)
    _expect_same("seed_replays_across_processes", subject.legal[0], elsewhere)


def seed_zero_is_a_seed(subject: Subject) -> None:
    """Seed 0 replays like any other and differs from seed 1."""
    zero, again = (subject.play(subject.env_fn(), 0) for _ in range(2))
    _expect_same("seed_zero_is_a_seed", zero, again)
    _require_chance(subject)
    if _same_story(zero, subject.play(subject.env_fn(), 1, action_seed=0)):
        raise ConformanceError("seed_zero_is_a_seed", "another episode from seed 0 than from seed 1")


def seeds_differ(subject: Subject) -> None:
    """Different seeds play different episodes, unless nothing is left to chance in an environment of somebody else."""
    _require_chance(subject)
    one, other = (subject.play(subject.env_fn(), subject.seed + offset, action_seed=0) for offset in (0, 1))
    if _same_story(one, other):
        expected = f"another episode from seed {one.seed} than from seed {other.seed}"
        raise ConformanceError("seeds_differ", expected)


def unseeded_resets_vary(subject: Subject) -> None:
    """Resets without a seed draw new episodes, in one environment and in two."""
    _require_chance(subject)
    env = subject.env_fn()
    stories = [subject.play(env, None), subject.play(env, None), subject.play(subject.env_fn(), None)]
    if _same_story(stories[0], stories[1]):
        raise ConformanceError("unseeded_resets_vary", "a new episode at the second reset() without a seed")
    if _same_story(stories[0], stories[2]):
        raise ConformanceError("unseeded_resets_vary", "different episodes from two environments never seeded")


def _require_chance(subject: Subject) -> None:
    """Of others' environments, one that plays the same episode from all seeds may well be meant to, as chess is."""
    if subject.is_ours:
        return
    seeds = range(subject.seed, subject.seed + FEW_SEEDS)
    first, *others = (subject.play(subject.env_fn(), seed, action_seed=0) for seed in seeds)
    if all(_same_story(first, other) for other in others):
        raise NotApplicable(
            f"seeds {seeds.start} to {seeds.stop - 1} play the same episode: nothing seems left to chance"
        )


def _same_story(left: Episode, right: Episode) -> bool:
    """Whether observations and rewards are the same; infos may well name the seed."""
    return len(left.moments) == len(right.moments) and not any(
        difference([one.observations, one.rewards], [other.observations, other.rewards])
        for one, other in zip(left.moments, right.moments, strict=True)
    )


def _expect_same(rule: str, left: Episode, right: Episode) -> None:
    first_difference = episode_difference(left, right)
    if first_difference:
        step, place = first_difference
        raise ConformanceError(rule, f"the same episode from seed {left.seed}; differs in {place}", step=step)
