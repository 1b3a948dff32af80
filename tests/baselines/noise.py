"""Worlds that tell controllers everything with relative noise in the last digits, and episodes played in them."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from voltran import baselines
from voltran.baselines.market import dpa_controller
from voltran.baselines.msrc.planner import Planner
from voltran.envs.controller import Controller
from voltran.envs.registry import make_world
from voltran.envs.team import Team
from voltran.envs.world import World
from voltran.physics.arrays import FloatArray
from voltran.physics.ordering import SAME

# Hundreds of times what rounding does to a number, and far below what the orders take for a difference.
NOISE = 1e-13
# What worlds tell when they are asked, what their markets keep, and what both are made of.
TOLD = (
    "usable_kwh", "vehicle_energy_kwh", "power_kw", "users", "demand_kw", "charge_room_kw", "discharge_room_kw",
    "fleet", "vehicle_price", "mean_power_kw",
)  # fmt: skip
KEPT = ("posted_price", "available_kw", "sales")
CONSTANTS = (
    "distance_m",
    "assistance_potential",
    "mode_radius_m",
    "radio",
    "scheduler",
    "power",
    "unit_cost",
    "price_ladder",
)

LOADS = ("light", "medium", "heavy")
RULES = ("independent", "static", "static-v2g", "carrier-shutdown", "rotating-sleep", "hindsight-rules")
PLANNERS = ("msrc-fast", "msrc", "msrc-extended", "msrc-levelling", "trimsm")
MARKET_TEAMS = (
    "dpa",
    "bs=buy-all+retailer=best-response",
    "bs=buy-all+retailer=price-cap",
    "bs=price-threshold+retailer=cost-plus",
    "bs=price-threshold+retailer=dpa",
    "bs=autarky+retailer=best-response",
)
BROWNOUT_TEAMS = ("bs=rotating-sleep+retailer=dpa", "bs=msrc-fast+retailer=dpa", "bs=static+retailer=best-response")


def controller_of(name: str) -> Controller:
    """A controller by name, or a team by its roles' controllers, ``bs=...+retailer=...``."""
    if "=" not in name:
        return baselines.make(name)
    return Team({role: baselines.make(member) for role, member in (part.split("=") for part in name.split("+"))})


def noisy(value: Any, generator: np.random.Generator) -> Any:
    """The same value, with noise on all its floating-point numbers."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value * (1.0 + NOISE * generator.uniform(-1.0, 1.0, value.shape))
    if isinstance(value, float):
        return value * (1.0 + NOISE * generator.uniform(-1.0, 1.0))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(noisy(item, generator) for item in value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: noisy(getattr(value, field.name), generator) for field in fields(value)})
    return value


def tell_with_noise(world: Any, generator: np.random.Generator) -> None:
    """Let a world tell what it tells with fresh noise whenever it is asked."""
    kind: Any = type(world)

    def told(self: Any, name: str) -> Any:
        value = kind.__getattribute__(self, name)
        return noisy(value, generator) if name in TOLD else value

    world.__class__ = type(kind.__name__, (kind,), {"__getattribute__": told})


def disturb(market: Any, generator: np.random.Generator) -> None:
    """Noise, in place, on the numbers that a market keeps."""
    for name in KEPT:
        kept = getattr(market, name)
        for array in (kept,) if isinstance(kept, np.ndarray) else vars(kept).values():
            array[...] = noisy(array, generator)


@contextmanager
def noise_inside(generator: np.random.Generator) -> Iterator[None]:
    """Noise on the problems that planners build."""
    instance, allocation = Planner.instance, dpa_controller.allocation_problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Planner, "instance", lambda self: noisy(instance(self), generator))
        patch.setattr(
            dpa_controller,
            "allocation_problem",
            lambda constants, *numbers: allocation(constants, *(noisy(number, generator) for number in numbers)),
        )
        yield


class Episode(NamedTuple):
    """What was commanded in an episode, field by field, decision by decision, and what came of it."""

    commands: list[dict[str, NDArray[Any]]]
    metrics: dict[str, FloatArray]


def play(
    world: World,
    controller: Controller,
    seed: int,
    decisions: int | None = None,
    before: Callable[[], None] = lambda: None,
) -> Episode:
    """An episode, or its first decisions; ``before`` each of which something may happen."""
    world.reset([seed])
    controller.reset(world)
    commands: list[dict[str, NDArray[Any]]] = []
    over = False
    while not over and len(commands) != decisions:
        before()
        chosen = controller.act(world)
        commands.append(dict(_arrays(chosen)))
        outcome = world.step(chosen)
        over = bool((outcome.terminated | outcome.truncated).all())
    return Episode(commands, world.kpis())


def play_with_noise(
    scenario: str,
    overrides: Mapping[str, Any],
    controller: Controller,
    seed: int,
    noise: int,
    decisions: int | None = None,
) -> Episode:
    """The same with noise, drawn from the seed ``noise``, on all that the controller is told."""
    generator = np.random.default_rng(noise)
    world: Any = make_world(scenario, 1, overrides)
    for constants in (world.constants, getattr(getattr(world, "market", None), "constants", None)):
        for name in CONSTANTS:
            if hasattr(constants, name):
                setattr(constants, name, noisy(getattr(constants, name), generator))
    tell_with_noise(world, generator)
    market = getattr(world, "market", None)
    with noise_inside(generator):
        return play(world, controller, seed, decisions, lambda: None if market is None else disturb(market, generator))


def assert_same_commands(plain: Episode, other: Episode, tolerance: float) -> None:
    """Discrete commands are equal, and continuous ones within a share of the largest, decision by decision."""
    assert len(plain.commands) == len(other.commands)
    largest = {name: max(np.abs(each[name]).max(initial=0.0) for each in plain.commands) for name in plain.commands[0]}
    for decision, (expected, found) in enumerate(zip(plain.commands, other.commands, strict=True)):
        assert expected.keys() == found.keys()
        for name, values in expected.items():
            told = f"decision {decision}, {name}"
            if values.dtype.kind == "f":
                np.testing.assert_allclose(found[name], values, rtol=0.0, atol=tolerance * largest[name], err_msg=told)
            else:
                np.testing.assert_array_equal(found[name], values, err_msg=told)


def _arrays(chosen: Mapping[str, Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Commands by role and field, or codes by role."""
    for role, commands in chosen.items():
        if isinstance(commands, np.ndarray):
            yield role, commands.copy()
            continue
        for field in fields(commands):
            value = getattr(commands, field.name)
            if isinstance(value, np.ndarray):
                yield f"{role}.{field.name}", value.copy()


def main(quick: bool) -> None:
    """Whole episodes of every planner and rule, several seeds at every load; prints what differs.

    Args:
        quick: play a small network instead.
    """
    differ = 0
    for scenario, precision, seed, name in quick_matrix() if quick else matrix():
        overrides = {} if precision is None else {"radio.precision": precision}
        plain = play(make_world(scenario, 1, overrides), controller_of(name), seed)
        other = play_with_noise(scenario, overrides, controller_of(name), seed, noise=seed)
        try:
            assert_same_commands(plain, other, SAME)
            verdict = "same"
        except AssertionError as error:
            verdict, differ = " ".join(str(error).split()), differ + 1
        print(scenario, precision, seed, name, f"{len(plain.commands)} decisions", verdict, flush=True)  # noqa: T201
    raise SystemExit(differ > 0)


def quick_matrix() -> Iterator[tuple[str, str | None, int, str]]:
    """A rule and a planner; as :func:`matrix`."""
    for name in ("rotating-sleep", "msrc-fast"):
        yield "urban7-medium", "float64", 1000, name


def matrix() -> Iterator[tuple[str, str | None, int, str]]:
    """Scenario, precision of the radio, seed and controller."""
    for load in LOADS:
        for seed in range(1000, 1005):
            for name in (*RULES, *PLANNERS):
                yield f"urban19-{load}", "float64" if seed % 2 else "float32", seed, name
    for seed in range(5):
        for name in MARKET_TEAMS:
            yield "market8", None, seed, name
        for name in BROWNOUT_TEAMS:
            yield "urban19-brownout-medium", "float64", seed, name


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
