"""Calibration of the power model: two multipliers, fitted on independent operation only.

The power coefficients of [MSRC]'s source are unpublished. The static and the dynamic part are scaled so that
independent operation survives as long as the paper's Table II says, at three loads. Nothing else is fitted, and no
other controller's result enters.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from importlib import resources
from itertools import product
from pathlib import Path

import numpy as np
import yaml

from voltran.baselines import make
from voltran.envs.registry import make_world
from voltran.envs.yaml_files import parse_mapping
from voltran.evaluation.files import write_text

# [MSRC] Table II, column "Indep."
PAPER_SURVIVAL_H = {"urban19-light": 3.2, "urban19-medium": 2.5, "urban19-heavy": 1.8}
SEEDS = tuple(range(20))
HEADER = (
    "# The calibration of the power model on independent operation: `voltran calibrate`, and what its fit gives now.\n"
)
STEPS, REACH = (0.10, 0.02), 2


@dataclass(frozen=True)
class Fit:
    """Survival of independent operation under one pair of multipliers.

    Attributes:
        static_multiplier, dynamic_multiplier: factors on the static and the load-dependent power.
        survival_h: scenario -> mean survival over the seeds.
        error: root mean square of the relative deviations from the paper.
    """

    static_multiplier: float
    dynamic_multiplier: float
    survival_h: dict[str, float]
    error: float


def evaluate_multipliers(static: float, dynamic: float, seeds: Sequence[int] = SEEDS) -> Fit:
    """Mean survival of independent operation at three loads, and its distance from the paper's column."""
    survival_h = {}
    for scenario in PAPER_SURVIVAL_H:
        overrides = {"power.static_multiplier": static, "power.dynamic_multiplier": dynamic}
        world, controller = make_world(scenario, len(seeds), overrides), make("independent")
        world.reset(seeds)
        running = np.ones(len(seeds), dtype=bool)
        survival = np.zeros(len(seeds))
        while running.any():
            transition = world.step(controller.act(world))
            ended = running & (transition.terminated | transition.truncated)
            if ended.any():
                survival[ended] = world.kpis()["survival_h"][ended]
                running &= ~ended
                world.reset(seeds, ended)
        survival_h[scenario] = float(survival.mean())
    deviations = [survival_h[name] / paper - 1.0 for name, paper in PAPER_SURVIVAL_H.items()]
    return Fit(static, dynamic, survival_h, float(np.sqrt(np.mean(np.square(deviations)))))


def calibrate(report: Callable[[Fit], None], seeds: Sequence[int] = SEEDS, steps: Sequence[float] = STEPS) -> Fit:
    """Grid search from 1 on: a coarse grid, then fine ones, each round centred on the best pair until none is better.

    Args:
        report: told of every pair tried.
        seeds: episodes to average over.
        steps: spacing of the grids, the coarsest first.
    """
    best = evaluate_multipliers(1.0, 1.0, seeds)
    report(best)
    for step in steps:
        centre = None
        while centre != best:
            centre = best
            for static, dynamic in _around(centre, step):
                fit = evaluate_multipliers(static, dynamic, seeds)
                report(fit)
                best = min(best, fit, key=lambda candidate: candidate.error)
    return best


def _around(centre: Fit, step: float) -> list[tuple[float, float]]:
    """The other pairs of a square grid around a fit."""
    offsets = [index * step for index in range(-REACH, REACH + 1)]
    pairs = product(offsets, offsets)
    return [
        (round(centre.static_multiplier + static, 4), round(centre.dynamic_multiplier + dynamic, 4))
        for static, dynamic in pairs
        if static or dynamic
    ]


def save_fit(fit: Fit, path: Path, seeds: Sequence[int] = SEEDS) -> None:
    """Record a fit with the paper's column and the number of seeds (0, 1, ...) it was made on."""
    record = {"paper_survival_h": PAPER_SURVIVAL_H, "seeds": len(seeds), **asdict(fit)}
    write_text(path, HEADER + yaml.safe_dump(record, sort_keys=False))


def recorded_fit() -> Fit:
    """The fit that the shipped scenarios use."""
    text = (resources.files("voltran.configs") / "calibration.yaml").read_text(encoding="utf-8")
    record = parse_mapping(text, "calibration")
    return Fit(**{field.name: record[field.name] for field in fields(Fit)})
