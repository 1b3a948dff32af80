"""Federated training of a forecaster, round by round; it continues after an interruption as if there had been none.

A run leaves in its folder::

    forecaster.safetensors   the forecaster after the last round; see voltran.agents.forecasting.files
    checkpoint.safetensors   the common network after the latest round, which --resume continues
    config.yaml              every setting of the run

Everything else that a round needs follows from the seed and the round's number.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import yaml

from voltran.agents.forecasting.clients import ClientPool
from voltran.agents.forecasting.data import load_sites
from voltran.agents.forecasting.files import network_shape, save_forecaster
from voltran.agents.forecasting.network import check_weights, initial_weights
from voltran.agents.forecasting.server import Server
from voltran.agents.forecasting.settings import CHANGEABLE_ON_RESUME, ForecastConfig
from voltran.agents.weight_files import read_weights, save_weights
from voltran.envs.claims import claimed
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.files import write_atomically
from voltran.envs.scenario import Section, require_unchanged
from voltran.physics.arrays import Float32Array

FORECASTER_FILE = "forecaster.safetensors"
CHECKPOINT_FILE = "checkpoint.safetensors"
CONFIG_FILE = "config.yaml"
CHECKPOINT_KEY = "voltran_forecaster_checkpoint"

# Told the number of rounds that are over.
Report = Callable[[int], None]


class Checkpoint(Section):
    """What a checkpoint says besides the weights.

    Attributes:
        format_version: version of this header.
        config: of the run.
        rounds: that are over.
    """

    format_version: Literal[1] = 1
    config: ForecastConfig
    rounds: int


def train_forecaster(config: ForecastConfig, folder: str | Path, resume: bool, report: Report = lambda _: None) -> Path:
    """Train a forecaster into a folder.

    Args:
        config: of the run.
        folder: of its files.
        resume: continue what the folder holds.
        report: told after each round how many are over.

    Returns:
        The forecaster's file.

    Raises:
        ScenarioError: a folder in use, a resumed run with other settings, data that cannot be used, or more clients per
            round than there are.
        FileFormatError: a checkpoint that is missing, corrupt or of another version.
        VoltranError: training diverged, or a file cannot be written.
    """
    folder = Path(folder)
    with claimed(folder):
        return _train(config, folder, resume, report)


def _train(config: ForecastConfig, folder: Path, resume: bool, report: Report) -> Path:
    checkpoint = folder / CHECKPOINT_FILE
    if not resume and any((folder / name).exists() for name in (CHECKPOINT_FILE, FORECASTER_FILE)):
        raise ScenarioError(
            f"{folder} holds a forecaster already; pass --resume to continue it, or choose another --out"
        )
    pool = ClientPool(load_sites(config), config.window)
    server = _restored(checkpoint, config, len(pool)) if resume else _fresh(config, len(pool))

    def keep(rounds: int) -> None:
        save_weights(checkpoint, server.weights, CHECKPOINT_KEY, Checkpoint(config=config, rounds=rounds))

    def finished(rounds: int) -> None:
        keep(rounds)
        report(rounds)

    keep(server.round_number)  # so that the run can be continued whenever it is stopped
    settings = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    write_atomically(folder / CONFIG_FILE, settings.encode())
    run_rounds(server, pool, config, finished)
    return save_forecaster(folder / FORECASTER_FILE, server.weights, config)


def federated_weights(
    config: ForecastConfig, pool: ClientPool, report: Report = lambda _: None
) -> dict[str, Float32Array]:
    """Weights of the common network after all rounds, without any file.

    Raises:
        ScenarioError: more clients per round than there are.
        VoltranError: training diverged.
    """
    server = _fresh(config, len(pool))
    run_rounds(server, pool, config, report)
    return server.weights


def run_rounds(server: Server, pool: ClientPool, config: ForecastConfig, report: Report) -> None:
    """The rounds that are left: the server chooses, the chosen train, the server averages.

    Source: [CG] Sec. III-A3, steps 1 to 5.
    """
    how = config.local_training(config.local_epochs)
    while server.round_number < config.rounds:
        updates = pool.train(server.weights, server.choose(), server.round_number, how)
        server.finish_round(updates)
        report(server.round_number)


def _fresh(config: ForecastConfig, clients: int) -> Server:
    weights = initial_weights(network_shape(config), config.seed)
    return Server(weights, clients, config.clients_per_round, config.seed)


def _restored(path: Path, config: ForecastConfig, clients: int) -> Server:
    if not path.is_file():
        raise FileFormatError(
            f"checkpoint {path}: no such file, so there is nothing to resume; train without --resume, "
            "into a folder that is not there yet"
        )
    header, weights = read_weights(path, CHECKPOINT_KEY, Checkpoint, "checkpoint")
    require_unchanged(header.config, config, CHANGEABLE_ON_RESUME, path)
    check_weights(network_shape(config), weights)
    if header.rounds > config.rounds:
        raise ScenarioError(
            f"rounds = {config.rounds}: {path} has {header.rounds} behind it; ask for at least as many, or train into "
            "another folder"
        )
    return Server(weights, clients, config.clients_per_round, config.seed, header.rounds)
