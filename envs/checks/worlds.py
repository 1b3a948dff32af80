"""Rules for environments built on a World: snapshots, the energy ledger, and all faces telling the same story."""

import copy
from typing import Any

import numpy as np

from voltran.envs.checks.recording import Subject, difference, recorded, world_of
from voltran.envs.checks.report import ConformanceError, NotApplicable

RESIDUAL_LIMIT_KW = 1e-9


def snapshots_round_trip(subject: Subject) -> None:
    """A world continues from a mid-episode snapshot, in another instance and after other episodes, bit for bit."""
    env = _with_world(subject)
    moments = subject.legal[0].moments
    half = (len(moments) - 1) // 2
    _replay(env, moments[: half + 1], subject.seed)
    snapshot = env.unwrapped.world.get_state()
    kept = copy.deepcopy(snapshot)
    _continue(env, moments, half)
    mismatch = difference(kept, snapshot, "snapshot")
    if mismatch:
        raise ConformanceError("snapshots_round_trip", f"a snapshot made of copies; {mismatch}", step=half)
    other = subject.env_fn()
    other.reset(seed=subject.seed + 1)
    other.unwrapped.world.set_state(snapshot)
    _continue(other, moments, half)
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


def _with_world(subject: Subject) -> Any:
    env = subject.env_fn()
    if world_of(env) is None:
        raise NotApplicable("the environment has no world")
    return env


def _replay(env: Any, moments: list[Any], seed: int) -> None:
    env.reset(seed=seed)
    for moment in moments[1:]:
        env.step(dict(moment.actions))


def _continue(env: Any, moments: list[Any], half: int) -> None:
    """Play the recorded actions after step ``half`` and compare what comes back."""
    for step, expected in enumerate(moments[half + 1 :], start=half + 1):
        now = recorded(expected.actions, tuple(env.step(dict(expected.actions))), list(env.agents))
        for name in ("observations", "rewards", "terminations", "truncations", "infos", "agents"):
            mismatch = difference(getattr(expected, name), getattr(now, name), name)
            if mismatch:
                raise ConformanceError("snapshots_round_trip", f"the same story as without it; {mismatch}", step=step)
