"""A small evaluation while training runs, on episodes that neither training nor the published results ever use."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from voltran.envs.controller import Controller
from voltran.envs.csv_files import read_table
from voltran.envs.errors import FileFormatError
from voltran.envs.files import write_atomically
from voltran.envs.seeds import TRAINING_SEEDS
from voltran.envs.world import World

Metrics = Mapping[str, float]


def evaluate_held_out(controller: Controller, world: World) -> dict[str, float]:
    """Play one episode per world of the batch, on seeds above all training and evaluation seeds.

    Args:
        controller: who plays.
        world: the batch; its episodes are lost.

    Returns:
        Metric name -> mean over the episodes.
    """
    seeds = [TRAINING_SEEDS.stop + index for index in range(world.n_worlds)]
    world.reset(seeds)
    controller.reset(world)
    pending = np.ones(world.n_worlds, bool)
    finished: dict[str, list[float]] = {}
    while pending.any():
        transition = world.step(controller.act(world))
        over = transition.terminated | transition.truncated
        if not over.any():
            continue
        for name, values in world.kpis().items():
            finished.setdefault(name, []).extend(values[over & pending].tolist())
        pending &= ~over
        world.reset(seeds, over)  # worlds are stepped together, so those that are done play on, uncounted
    return {name: float(np.mean(values)) for name, values in finished.items()}


def weighted_mean(metrics: Mapping[str, Metrics], weights: Mapping[str, float]) -> dict[str, float]:
    """Mean over scenarios of each metric that all of them have.

    Args:
        metrics: scenario -> metric -> value.
        weights: of the scenarios.
    """
    total = sum(weights.values())
    first, *others = metrics.values()
    names = [name for name in first if all(name in other for other in others)]
    return {
        name: sum(weights[scenario] * values[name] for scenario, values in metrics.items()) / total for name in names
    }


class EvaluationLog:
    """The evaluations of a run in a CSV file: one row each, with the decisions before it and all metrics.

    Args:
        path: of the file; it is written at the first evaluation.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[int, dict[str, float]] = {}

    def restore(self, decisions: int) -> None:
        """Continue a file, without what was recorded after so many decisions.

        Raises:
            FileFormatError: the file is none of ours.
        """
        if self.path.is_file():
            rows = read_evaluations(self.path)
            self.rows = {number: metrics for number, metrics in rows.items() if number <= decisions}

    def add(self, decisions: int, metrics: Metrics) -> None:
        """Record an evaluation; one after as many decisions is replaced.

        Raises:
            VoltranError: the file cannot be written.
        """
        self.rows[decisions] = dict(metrics)
        stream = io.StringIO()
        names = list(dict.fromkeys(name for row in self.rows.values() for name in row))
        writer = csv.DictWriter(stream, ["decisions", *names], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"decisions": number, **row} for number, row in self.rows.items())
        write_atomically(self.path, stream.getvalue().encode())


def read_evaluations(path: Path) -> dict[int, dict[str, float]]:
    """The evaluations of a run: decisions -> metric -> value.

    Raises:
        FileFormatError: no such file, or one that is no record of evaluations.
    """
    try:
        return {
            int(row["decisions"]): {name: float(value) for name, value in row.items() if name != "decisions" and value}
            for row in read_table(path, "evaluations")
        }
    except (ValueError, KeyError) as error:
        raise FileFormatError(
            f"evaluations {path}: cannot be read ({error}); train again, or into another folder"
        ) from error
