"""Data sets for Minari: episodes as the central face plays them, where one controller decides for all agents."""

import shutil
import warnings
from itertools import groupby
from pathlib import Path
from typing import Any

import gymnasium
import minari
import numpy as np
from minari.data_collector import EpisodeBuffer

from voltran import __version__
from voltran.datasets.reading import DataSet, Episode
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import world_spec

EPISODES_AT_ONCE = 64


def export(data: DataSet, name: str) -> Path:
    """Add a data set to Minari's local ones; see :func:`voltran.datasets.exports.export`.

    Observations are the global state, actions all agents' choices in a row, rewards the mean over all agents, and
    ``infos["action_mask"]`` is the flat mask of the whole action before each decision, as of ``action_masks()``.

    Args:
        data: what to add.
        name: Minari's id, such as ``voltran/blackout/rules-v0``.

    Raises:
        ScenarioError: an id that is taken or none, or a data set without all roles or with continuous actions.
    """
    env = _environment(data)
    _check_name(name)
    made: Any = None
    try:
        for _, group in groupby(enumerate(data.episodes()), key=lambda item: item[0] // EPISODES_AT_ONCE):
            buffers = [_buffer(episode, data) for _, episode in group]
            if made is None:
                made = _created(name, buffers, env, data)
            else:
                made.update_dataset_from_buffer(buffers)
    except BaseException:  # half of one is none, and would have its name
        if made is not None:
            shutil.rmtree(Path(made.storage.data_path).parent, ignore_errors=True)
        raise
    return Path(made.storage.data_path).parent


def _created(name: str, buffers: list[EpisodeBuffer], env: gymnasium.Env[Any, Any], data: DataSet) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wants to know authors, who are the user's to name
        return minari.create_dataset_from_buffers(
            name,
            buffers,
            env=env,
            algorithm_name=",".join({shard.controller: None for shard in data.shards}),
            description=f"{data.datasheet.scenario}; license: {data.datasheet.license}",
            requirements=[f"voltran=={__version__}"],
        )


def _environment(data: DataSet) -> gymnasium.Env[Any, Any]:
    """The central face that the episodes could have been played in; who loads the data gets it again."""
    sheet = data.datasheet
    for role, record in sheet.roles.items():
        if record.mask_size == 0:
            raise ScenarioError(
                f"role {role}: continuous actions do not fit Minari's format, which is of the central face; make the "
                "data set with a discrete form of actions"
            )
    if set(data.roles) != set(sheet.roles):
        raise ScenarioError(f"roles {', '.join(data.roles)}: the central face plays all of {', '.join(sheet.roles)}")
    env = gymnasium.make(
        world_spec(sheet.world).gymnasium_id, scenario=sheet.scenario, overrides=sheet.overrides, **sheet.options
    )
    recorded = [role.name for role in env.unwrapped.world.roles]  # type: ignore[attr-defined]
    if recorded != list(data.roles):
        raise ScenarioError(
            f"roles: the central face plays {', '.join(recorded)}, the data set has {', '.join(data.roles)}; make it "
            "without --role"
        )
    return env


def _check_name(name: str) -> None:
    try:
        taken = name in minari.list_local_datasets()
        minari.dataset.minari_dataset.parse_dataset_id(name)
    except ValueError as error:
        raise ScenarioError(f"id = {name!r}: {error}; write it like voltran/blackout/rules-v0") from error
    if taken:
        raise ScenarioError(f"id = {name!r}: Minari has a data set of that name; choose another, or delete that one")


def _buffer(episode: Episode, data: DataSet) -> EpisodeBuffer:
    parts = [episode.roles[role] for role in data.roles]
    decisions = len(episode)
    last = np.arange(1, decisions + 1) == decisions
    rewards = np.concatenate([part.rewards for part in parts], axis=1)
    masks = np.concatenate([part.masks.reshape(decisions + 1, -1) for part in parts if part.masks is not None], axis=1)
    return EpisodeBuffer(
        seed=episode.seed,
        observations=np.array(episode.state),
        actions=np.concatenate([part.actions.reshape(decisions, -1) for part in parts], axis=1),
        rewards=[float(row.mean()) for row in rewards],
        terminations=(last & episode.terminated).tolist(),
        truncations=(last & episode.truncated).tolist(),
        infos={"action_mask": masks},
    )
