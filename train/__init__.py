"""The learning of policies."""

from typing import TYPE_CHECKING

from voltran.offered import offered

if TYPE_CHECKING:
    from voltran.train.ppo import train
    from voltran.train.run_config import read_run_config, training_names
    from voltran.train.seed_runs import train_seeds

_HOMES = {
    "read_run_config": "voltran.train.run_config",
    "train": "voltran.train.ppo",
    "train_seeds": "voltran.train.seed_runs",
    "training_names": "voltran.train.run_config",
}

__all__ = ["read_run_config", "train", "train_seeds", "training_names"]

__getattr__, __dir__ = offered(__name__, _HOMES)
