"""A long run of all worlds under random and hostile actions: ``python -m tests.soak [--quick] [--page FILE]``.

Batches are stepped with legal codes, with any codes at all, and with the extremes of both; now and then with what no
controller should send, which has to be refused and to leave everything as it was; and worlds are reset amid episodes.
All the while numbers stay finite, energy is accounted for, and memory stays as it is after the first rounds.
"""

import gc
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from gymnasium import spaces

from tests.envs.blackout.tools import LIVELY, assert_same
from voltran import baselines
from voltran.envs.errors import VoltranError
from voltran.envs.registry import make_world, world_specs
from voltran.envs.team import Team
from voltran.envs.world import Role, World
from voltran.evaluation.files import write_text
from voltran.evaluation.machine import processor
from voltran.evaluation.versions import versions
from voltran.physics.arrays import FloatArray

STEPS, QUICK_STEPS = 1_000_000, 10_000
WORLDS, QUICK_WORLDS = 32, 8
# Rounds over all worlds; memory is compared with that after the first ones, in which functions are compiled and loaded.
ROUNDS, WARM_UP = 10, 3
MEMORY_MB = 24.0
RESIDUAL = 1e-9
# One step in so many is hostile, resets worlds amid their episodes, or has all that is observed looked at.
HOSTILE, RESETS, LOOKS = 8, 16, 4

SMALL_NETWORK = {"layout.n_sites": 7, "users.count": 40, "time.horizon_h": 6}
INTRODUCTION = f"""# A long run

Written by `make soak`. It steps batches of all worlds with legal, illegal, extreme and hostile actions, and resets
worlds amid their episodes. It fails where a number is not finite, energy is not accounted for to 1e-9 of the largest
flow, a refused action changes anything, or memory grows by more than {MEMORY_MB:.0f} MB.
"""
# World to scenarios with changes, and a controller whose commands are poisoned.
Setting = tuple[str, dict[str, Any]]
SETTINGS: dict[str, tuple[list[Setting], str | dict[str, str]]] = {
    "blackout_v0": (
        [
            ("toy3", {}),
            ("toy3", LIVELY),
            ("urban7-medium", {**LIVELY, "users.count": 40}),
            ("urban7-medium", {"users.count": 1, "battery.initial_soc": 0.2, "time.horizon_h": 2}),
        ],
        "static-v2g",
    ),
    "brownout_v0": (
        [("urban19-brownout-medium", SMALL_NETWORK), ("urban19-brownout-heavy", {**SMALL_NETWORK, "users.count": 80})],
        {"bs": "static-v2g", "retailer": "price-cap"},
    ),
    "uplink_v0": (
        [
            ("uplink20", {"layout.n_ubs": 4, "ues.count": 3, "time.horizon_h": 6}),
            ("uplink20", {"layout.n_ubs": 8, "ues.count": 6, "traffic.night_share": 0.0, "time.horizon_h": 6}),
        ],
        "llsf",
    ),
    "sharing_v0": (
        [
            ("sharing-toy", {}),
            ("sharing12", {"network.infrastructures": 2}),
            ("sharing12-outage", {"network.infrastructures": 2, "battery.initial_soc": 0.1}),
        ],
        "tariff-threshold",
    ),
    "market_v0": (
        [("market4", {}), ("market8", {"retail.price_cap_usd_per_kwh": 0.12}), ("market4", {"load.peak": 1.0})],
        {"bs": "buy-all", "retailer": "price-cap"},
    ),
}


@dataclass
class Log:
    """What has been seen so far.

    Attributes:
        steps: physics steps by world, those of every world of a batch counted.
        refused, accepted: hostile actions that were refused, and that were carried out with finite results.
        resets: worlds that were reset amid an episode.
        residual: the largest, relative to the largest flow of its world or to 1 kW.
        memory_mb: after each round.
        wall_s: of everything.
    """

    steps: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    accepted: int = 0
    resets: int = 0
    residual: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    wall_s: float = 0.0

    @property
    def growth_mb(self) -> float:
        """How much more memory there was ever after the warm-up than at its end."""
        return max(self.memory_mb[WARM_UP:], default=0.0) - self.memory_mb[WARM_UP - 1]


def soak(steps: int, n_worlds: int) -> Log:
    """Step all worlds, the same number of physics steps each.

    Args:
        steps: of all worlds together, at least.
        n_worlds: batch size.
    """
    lacking = {spec.name for spec in world_specs()} - set(SETTINGS)
    assert not lacking, f"{lacking}: say in SETTINGS what they are to play"
    log, start = Log(), time.perf_counter()
    for number in range(1, ROUNDS + 1):
        for place, (name, (settings, commanding)) in enumerate(SETTINGS.items()):
            generator = np.random.default_rng([number, place])
            quota = steps * number // (ROUNDS * len(SETTINGS)) + 1
            turn = number
            while log.steps[name] < quota:
                scenario, overrides = settings[turn % len(settings)]
                _play(make_world(scenario, n_worlds, overrides), commanding, quota, generator, log)
                turn += 1
        gc.collect()
        log.memory_mb.append(_memory_mb())
    log.wall_s = time.perf_counter() - start
    assert log.growth_mb <= MEMORY_MB, f"memory grew by {log.growth_mb:.1f} MB: {log.memory_mb}"
    assert log.refused > 0
    return log


def page(log: Log, n_worlds: int) -> str:
    """The log in Markdown."""
    made_by = versions()
    rows = [
        *((f"physics steps of `{name}`", f"{steps:,}") for name, steps in log.steps.items()),
        ("physics steps in all", f"{log.steps.total():,}"),
        ("worlds of a batch", f"{n_worlds}"),
        ("worlds reset amid an episode", f"{log.resets:,}"),
        ("hostile actions refused, the state left as it was", f"{log.refused:,}"),
        ("hostile actions carried out, with finite results", f"{log.accepted:,}"),
        ("largest residual of the energy balance, of the largest flow", f"{log.residual:.1e}"),
        (f"memory after round {WARM_UP}, the most after it, and at the end", _memory(log)),
        ("wall time", f"{log.wall_s / 60.0:.1f} min"),
        ("commit", f"{made_by['git_commit'] or 'unknown'}"),
        ("machine", f"{processor()}, {made_by['system']}, Python {made_by['python']}"),
    ]
    table = "".join(f"| {what} | {value} |\n" for what, value in rows)
    return f"{INTRODUCTION}\n| | |\n| --- | --- |\n{table}"


# --- inside -----------------------------------------------------------------------------------------------------------


def _play(
    world: World, commanding: str | Mapping[str, str], quota: int, generator: np.random.Generator, log: Log
) -> None:
    """Step one batch until every world of it has ended an episode, or the quota is met."""
    world.reset(_seeds(world, generator))
    commander = _commander(commanding)
    commander.reset(world)
    per_decision = world.n_worlds * getattr(getattr(world, "constants", None), "steps_per_decision", 1)
    pending, style = np.ones(world.n_worlds, dtype=bool), 0
    while pending.any() and log.steps[world.name] < quota:
        style = int(generator.integers(4))
        if generator.integers(HOSTILE) == 0:
            _attack(world, commander.act(world), generator, log)
            if not world.episodes.running.all():  # type: ignore[attr-defined]
                world.reset(_seeds(world, generator))
        over = _step(world, _codes(world, style, generator), bool(generator.integers(LOOKS) == 0), log)
        log.steps[world.name] += per_decision
        pending &= ~over
        _reset(world, over, generator, log)


def _step(world: World, actions: Mapping[str, Any], looks: bool, log: Log) -> Any:
    """One step, and whether what comes of it can be."""
    transition = world.step(actions)
    for rewards in transition.rewards.values():
        assert np.isfinite(rewards).all(), world.name
    flows = dict(world.ledger())
    residual = np.abs(flows.pop("residual_kw"))
    largest = max([1.0, *(float(np.abs(flow).max(initial=0.0)) for flow in flows.values())])
    relative = float(residual.max(initial=0.0)) / largest
    assert relative < RESIDUAL, f"{world.name}: residual of {relative}"
    log.residual = max(log.residual, relative)
    if looks:
        for role, observed in world.observations().items():
            assert np.isfinite(observed).all(), f"{world.name}, {role}"
        assert np.isfinite(world.state()).all(), world.name
        assert all(mask.any(axis=-1).all() for mask in world.action_masks().values() if mask.size), world.name
    return transition.terminated | transition.truncated


def _reset(world: World, over: Any, generator: np.random.Generator, log: Log) -> None:
    """Worlds that are over begin anew, and now and then some that are not."""
    chosen = over.copy()
    if generator.integers(RESETS) == 0:
        chosen |= generator.random(world.n_worlds) < 0.3
        log.resets += int((chosen & ~over).sum())
    if chosen.any():
        kpis = world.kpis(over) if over.any() else {}
        assert all(not np.isinf(values[over]).any() for values in kpis.values()), world.name
        world.reset(_seeds(world, generator), chosen)


def _codes(world: World, style: int, generator: np.random.Generator) -> dict[str, Any]:
    """Codes of all agents: legal ones, any at all, or all the lowest or the highest."""
    masks = world.action_masks()
    return {role.name: _codes_of(role, masks[role.name], style, generator, world.n_worlds) for role in world.roles}


def _codes_of(role: Role, mask: Any, style: int, generator: np.random.Generator, n_worlds: int) -> Any:
    space = role.action_space
    if isinstance(space, spaces.Box):
        share = (generator.random(), generator.random(), 0.0, 1.0)[style]
        return np.broadcast_to(
            space.low + share * (space.high - space.low), (n_worlds, role.count, *space.shape)
        ).copy()
    sizes = space.nvec if isinstance(space, spaces.MultiDiscrete) else np.array([space.n])
    shape = (n_worlds, role.count, sizes.size)
    if style == 0:
        parts = np.split(mask, np.cumsum(sizes)[:-1], axis=-1)
        legal = [np.where(part, generator.random(part.shape), -1.0).argmax(axis=-1) for part in parts]
        codes = np.stack(legal, axis=-1)
    elif style == 1:
        codes = generator.integers(sizes, size=shape)
    else:
        codes = np.broadcast_to(np.zeros_like(sizes) if style == 2 else sizes - 1, shape).copy()
    return codes if isinstance(space, spaces.MultiDiscrete) else codes[..., 0]


def _attack(world: World, commands: Mapping[str, Any], generator: np.random.Generator, log: Log) -> None:
    """Send something that nobody should; it is refused and changes nothing, or carried out and leads to numbers."""
    hostile = list(_hostile(world, commands, generator))
    before = world.get_state()
    actions = hostile[int(generator.integers(len(hostile)))]
    try:
        _step(world, actions, True, log)
        log.accepted += 1
    except VoltranError:
        log.refused += 1
        assert_same(before, world.get_state())


def _hostile(world: World, commands: Mapping[str, Any], generator: np.random.Generator) -> Iterator[Any]:
    codes = _codes(world, 1, generator)
    role, first = next(iter(codes.items()))
    highest = np.iinfo(np.int64).max
    for number in (np.nan, np.inf, -np.inf, 0.5, 1e300):
        yield {**codes, role: np.where(generator.random(first.shape) < 0.5, number, first.astype(float))}
    for number in (-1, 10_000, highest, -highest):
        yield {**codes, role: np.where(generator.random(first.shape) < 0.5, number, first)}
    yield {**codes, role: first[:, :-1]}
    yield {**codes, role: first.tolist()[:1]}
    yield {**codes, role: "everything"}
    yield {**codes, role: None}
    yield {**codes, "nobody": first}
    yield {}
    yield None
    for whose, wanted in commands.items():
        for name, values in vars(wanted).items():
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                for number in (np.nan, np.inf, -np.inf, 1e300, -1e300, -1.0):
                    poisoned = _poisoned(values, number, generator)
                    yield {**commands, whose: type(wanted)(**{**vars(wanted), name: poisoned})}


def _poisoned(values: FloatArray, number: float, generator: np.random.Generator) -> FloatArray:
    return np.where(generator.random(values.shape) < 0.5, number, values)


def _commander(commanding: str | Mapping[str, str]) -> Any:
    if isinstance(commanding, str):
        return baselines.make(commanding)
    return Team({role: baselines.make(name) for role, name in commanding.items()})


def _seeds(world: World, generator: np.random.Generator) -> list[int]:
    return [int(seed) for seed in generator.integers(2**62, size=world.n_worlds)]


def _memory_mb() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _memory(log: Log) -> str:
    return f"{log.memory_mb[WARM_UP - 1]:.0f}, {max(log.memory_mb[WARM_UP:]):.0f} and {log.memory_mb[-1]:.0f} MB"


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Few steps, to see that everything works.")] = False,
    steps: Annotated[int, typer.Option(min=1, help="Physics steps of all worlds together.")] = STEPS,
    page_file: Annotated[Path | None, typer.Option("--page", help="File for the log, in Markdown.")] = None,
) -> None:
    """Step all worlds for long, under random and hostile actions."""
    n_worlds = QUICK_WORLDS if quick else WORLDS
    log = soak(QUICK_STEPS if quick else steps, n_worlds)
    text = page(log, n_worlds)
    typer.echo(text)
    if page_file is not None:
        write_text(page_file, text)


if __name__ == "__main__":
    typer.run(main)
