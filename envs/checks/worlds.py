"""Rules for environments built on a World: snapshots, the energy ledger, and what they show while they play."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from voltran.envs.checks.recording import Subject, difference, recorded, world_of
from voltran.envs.checks.report import ConformanceError, NotApplicable
from voltran.envs.errors import PartError
from voltran.envs.replay.checked import CheckedReplay
from voltran.envs.world import Transition
from voltran.envs.world_spec import WorldSpec

RESIDUAL_LIMIT_KW = 1e-9


def snapshots_round_trip(subject: Subject) -> None:
    """A world continues from a mid-episode snapshot, in another instance and after other episodes, bit for bit."""
    env = _with_world(subject)
    moments = subject.legal[0].moments
    half = (len(moments) - 1) // 2
    _replay(env, moments[: half + 1], subject.seed)
    snapshot = env.unwrapped.world.get_state()
    kept = copy.deepcopy(snapshot)
    _continue(env, moments, half, "snapshots_round_trip", "the same story as without it")
    mismatch = difference(kept, snapshot, "snapshot")
    if mismatch:
        raise ConformanceError("snapshots_round_trip", f"a snapshot made of copies; {mismatch}", step=half)
    other = subject.env_fn()
    other.reset(seed=subject.seed + 1)
    other.unwrapped.world.set_state(snapshot)
    _continue(other, moments, half, "snapshots_round_trip", "the same story as without it")
    mismatch = difference(kept, snapshot, "snapshot")
    if mismatch:
        raise ConformanceError("snapshots_round_trip", f"a snapshot that set_state copies; {mismatch}", step=half)


def ledger_balances(subject: Subject) -> None:
    """The energy ledger's residual stays below 1e-9 kW for every agent at every step."""
    env = _with_world(subject)
    world = env.unwrapped.world
    for episode in subject.recordings:
        env.reset(seed=episode.seed)
        for step, moment in episode.steps:
            env.step(dict(moment.actions))
            ledger = world.ledger()
            if "residual_kw" not in ledger:
                raise NotApplicable("the world's ledger has no residual_kw")
            residual = np.abs(ledger["residual_kw"])
            if not (residual < RESIDUAL_LIMIT_KW).all():
                expected = f"|residual_kw| < {RESIDUAL_LIMIT_KW}, got {float(residual.max())}"
                raise ConformanceError("ledger_balances", expected, step=step)


def replay_fits(subject: Subject) -> None:
    """What a world shows of an episode while it plays fits its stage, and looking at it changes nothing."""
    env = _with_world(subject)
    world = env.unwrapped.world
    spec = getattr(world, "spec", None)
    if spec is None:
        raise NotApplicable("the world names no declaration")
    moments = subject.legal[0].moments
    env.reset(seed=subject.seed)
    try:
        _watch(world, spec)
        _continue(env, moments, 0, "replay_fits", "the same story when it is watched")
    except PartError as error:
        raise ConformanceError("replay_fits", f"a replay that fits its stage; {error}") from error


def _watch(world: Any, spec: WorldSpec) -> None:
    """Let a world show itself at every step from now on, as it does where an episode is recorded."""
    replay, step = CheckedReplay(world, spec), world.step
    replay.moment()

    def watched(actions: Mapping[str, Any]) -> Transition:
        replay.ask(actions)
        transition: Transition = step(actions)
        replay.moment(transition)
        return transition

    world.step = watched


def _with_world(subject: Subject) -> Any:
    env = subject.env_fn()
    if world_of(env) is None:
        raise NotApplicable("the environment has no world")
    return env


def _replay(env: Any, moments: list[Any], seed: int) -> None:
    env.reset(seed=seed)
    for moment in moments[1:]:
        env.step(dict(moment.actions))


def _continue(env: Any, moments: list[Any], after: int, rule: str, story: str) -> None:
    """Play the recorded actions after a step and compare what comes back with what a rule demands."""
    for step, expected in enumerate(moments[after + 1 :], start=after + 1):
        now = recorded(expected.actions, tuple(env.step(dict(expected.actions))), list(env.agents))
        for name in ("observations", "rewards", "terminations", "truncations", "infos", "agents"):
            mismatch = difference(getattr(expected, name), getattr(now, name), name)
            if mismatch:
                raise ConformanceError(rule, f"{story}; {mismatch}", step=step)
