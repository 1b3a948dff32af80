"""Experiments and studies that reproduce tables and figures of the papers, and their pages."""

from typing import TYPE_CHECKING

from voltran.offered import offered

if TYPE_CHECKING:
    from voltran.experiments.experiment import experiment_names, read_experiment
    from voltran.experiments.run import run_experiment

_HOMES = {
    "experiment_names": "voltran.experiments.experiment",
    "read_experiment": "voltran.experiments.experiment",
    "run_experiment": "voltran.experiments.run",
}

__all__ = ["experiment_names", "read_experiment", "run_experiment"]

__getattr__, __dir__ = offered(__name__, _HOMES)
