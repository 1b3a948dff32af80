"""Worlds that tell controllers everything with relative noise in the last digits, and episodes played in them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from voltran.baselines.market import dpa_controller
from voltran.baselines.msrc.planner import Planner
from voltran.envs.catalog import make_world
from voltran.envs.controller import Controller
from voltran.envs.world import World

# Hundreds of times what rounding does to a number, and far below what the orders take for a difference.
NOISE = 1e-13
# What worlds and markets tell, and what they are made of.
TOLD = (
    "usable_kwh", "vehicle_energy_kwh", "power_kw", "users",
    "demand_kw", "charge_room_kw", "discharge_room_kw",
    "coming_price", "posted_price", "available_kw", "sales",
)  # fmt: skip
CONSTANTS = ("distance_m", "kappa", "mode_radius_m", "radio", "scheduler", "power", "unit_cost", "price_ladder")


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


def told_with_noise(thing: Any, generator: np.random.Generator) -> None:
    """Let a world, or its market, tell what it tells with fresh noise whenever it is asked."""
    kind = type(thing)

    def told(self: Any, name: str) -> Any:
        value = kind.__getattribute__(self, name)
        return noisy(value, generator) if name in TOLD else value

    thing.__class__ = type(kind.__name__, (kind,), {"__getattribute__": told})


@contextmanager
def noise_inside(generator: np.random.Generator) -> Iterator[None]:
    """Noise on the problems that planners build."""
    instance, allocation = Planner.instance, dpa_controller.allocation_problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Planner, "instance", lambda self: noisy(instance(self), generator))
        patch.setattr(
            dpa_controller,
            "allocation_problem",
            lambda model, *numbers: allocation(model, *(noisy(number, generator) for number in numbers)),
        )
        yield


class Episode(NamedTuple):
    """What was commanded in an episode, field by field, decision by decision, and what came of it."""

    commands: list[dict[str, NDArray[Any]]]
    metrics: dict[str, NDArray[np.float64]]


def play(world: World, controller: Controller, seed: int, decisions: int | None = None) -> Episode:
    """An episode, or its first decisions."""
    world.reset([seed])
    controller.reset(world)
    commands: list[dict[str, NDArray[Any]]] = []
    over = False
    while not over and len(commands) != decisions:
        chosen = controller.act(world)
        commands.append(dict(_arrays(chosen)))
        outcome = world.step(chosen)
        over = bool((outcome.terminated | outcome.truncated).all())
    return Episode(commands, world.kpis())


def play_with_noise(
    scenario: str, overrides: Mapping[str, Any], controller: Controller, seed: int, noise: int, decisions: int | None
) -> Episode:
    """The same with noise, drawn from the seed ``noise``, on all that the controller is told."""
    generator = np.random.default_rng(noise)
    world: Any = make_world(scenario, 1, overrides)
    for model in (world.model, getattr(getattr(world, "market", None), "model", None)):
        for name in CONSTANTS:
            if hasattr(model, name):
                setattr(model, name, noisy(getattr(model, name), generator))
    if hasattr(world, "market"):
        told_with_noise(world.market, generator)
    told_with_noise(world, generator)
    with noise_inside(generator):
        return play(world, controller, seed, decisions)


def assert_same_commands(plain: Episode, other: Episode, tolerance: float) -> None:
    """Discrete commands are equal, and continuous ones within a relative tolerance, decision by decision."""
    assert len(plain.commands) == len(other.commands)
    for decision, (expected, found) in enumerate(zip(plain.commands, other.commands, strict=True)):
        assert expected.keys() == found.keys()
        for name, values in expected.items():
            told = f"decision {decision}, {name}"
            if values.dtype.kind == "f":
                np.testing.assert_allclose(found[name], values, rtol=tolerance, atol=0.0, err_msg=told)
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
