"""Calibration of the power model: two multipliers, fitted on independent operation only.

The power coefficients of [MSRC]'s source are unpublished. The static and the dynamic part are scaled so that
independent operation survives as long as the paper's Table II says, at three loads. Nothing else is fitted, and no
other controller is looked at.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np

from voltran.baselines import make
from voltran.envs.catalog import make_world
from voltran.train.files import write_json

# [MSRC] Table II, column "Indep."
PAPER_SURVIVAL_H = {"urban19-light": 3.2, "urban19-medium": 2.5, "urban19-heavy": 1.8}
SEEDS = tuple(range(20))
COARSE_STEP, FINE_STEP, REACH = 0.10, 0.02, 2


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


def calibrate(report: Callable[[Fit], None], seeds: Sequence[int] = SEEDS) -> Fit:
    """Grid search around 1, coarse then fine; ``report`` is told of every pair tried."""
    best = evaluate_multipliers(1.0, 1.0, seeds)
    report(best)
    for step in (COARSE_STEP, FINE_STEP):
        centre = best
        offsets = np.arange(-REACH, REACH + 1) * step
        for static, dynamic in product(offsets, offsets):
            if static == 0.0 and dynamic == 0.0:
                continue
            pair = round(centre.static_multiplier + static, 4), round(centre.dynamic_multiplier + dynamic, 4)
            fit = evaluate_multipliers(*pair, seeds)
            report(fit)
            best = min(best, fit, key=lambda candidate: candidate.error)
    return best


def save_fit(fit: Fit, path: Path) -> None:
    """Record a fit with the paper's column and the seeds it was made on."""
    record = {"paper_survival_h": PAPER_SURVIVAL_H, "seeds": list(SEEDS), **asdict(fit)}
    write_json(path, record)
