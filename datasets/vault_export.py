"""Data sets as vaults of Flashbax, in the arrangement that OG-MARL reads: one role, a row per decision.

A vault has no rows for what is seen once an episode is over: readers take the next row's observation, and mask it where
the episode ended.
"""

import re
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flashbax.buffers.trajectory_buffer import TrajectoryBufferState
from flashbax.vault import Vault

from voltran.datasets.reading import DataSet
from voltran.datasets.transitions import Transitions
from voltran.envs.errors import ScenarioError

ROWS_AT_ONCE = 4096


def export(data: DataSet, name: str) -> Path:
    """Write a vault; see :func:`voltran.datasets.exports.export`.

    Arrays are ``[1, T, ...]`` over all episodes, one after the other: ``observations [1, T, n, F]``, ``actions``,
    ``rewards``, ``terminals`` and ``truncations`` by agent, ``infos`` with ``state [1, T, S]`` and, where there are
    masks, ``legals [1, T, n, A]``.

    Args:
        data: what to write; of one role.
        name: ``FOLDER/NAME.vlt/UID``, such as ``vaults/blackout.vlt/rules``.

    Raises:
        ScenarioError: several roles, or a name that is none or taken.
    """
    if len(data.roles) != 1:
        raise ScenarioError(f"a vault holds one role; choose one of {', '.join(data.roles)} with --role")
    path = Path(name)
    if len(path.parts) < 2 or path.parent.suffix != ".vlt" or not re.fullmatch(r"[\w.-]+", path.name):
        raise ScenarioError(f"id = {name!r}: write it like vaults/blackout.vlt/rules")
    if path.exists():
        raise ScenarioError(f"id = {name!r}: is there already; choose another name, or remove it")
    try:
        _write(data, path)
    except BaseException:  # half of one is none, and would have its name
        shutil.rmtree(path, ignore_errors=True)
        raise
    return path


def _write(data: DataSet, path: Path) -> None:
    vault: Any = None
    for batch in data.batches(ROWS_AT_ONCE):
        experience = _experience(batch, data.roles[0])
        if vault is None:
            first = jax.tree.map(lambda array: array[:, :1], experience)
            folder = str(path.parent.parent.absolute())
            with redirect_stdout(StringIO()):  # it greets
                vault = Vault(path.parent.name, first, rel_dir=folder, vault_uid=path.name)
        rows = len(batch)
        state = TrajectoryBufferState(experience=experience, current_index=jnp.array(rows), is_full=jnp.array(False))
        vault.write(state, source_interval=(0, rows))


def _experience(batch: Transitions, role: str) -> dict[str, Any]:
    part, agents = batch.roles[role], batch.roles[role].rewards.shape[1]
    by_agent = np.ones(agents, dtype=bool)
    infos = {"state": batch.state} if part.masks is None else {"state": batch.state, "legals": part.masks}
    rows = {
        "observations": part.observations,
        "actions": part.actions.astype(np.float32 if part.actions.dtype.kind == "f" else np.int32),
        "rewards": part.rewards.astype(np.float32),
        "terminals": batch.terminated[:, None] & by_agent,
        "truncations": batch.truncated[:, None] & by_agent,
        "infos": infos,
    }
    return {key: jax.tree.map(lambda array: jnp.asarray(array)[None], value) for key, value in rows.items()}
