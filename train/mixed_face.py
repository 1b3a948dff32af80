"""Several batches of worlds as one Stable-Baselines3 ``VecEnv``: one network learns in several scenarios at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from voltran.envs.errors import ActionError
from voltran.envs.faces.vector import RowInfos, VectorFace
from voltran.physics.arrays import BoolArray


class MixedFace(VecEnv):
    """The rows of several faces of one role, one face's after the other's.

    The faces may differ in their numbers of worlds and agents, never in what an agent observes or does.

    Args:
        parts: the faces; they are owned by this one from here on.
    """

    def __init__(self, parts: Sequence[VectorFace]) -> None:
        self.parts = tuple(parts)
        self.role = parts[0].role
        self.render_mode = None
        self._starts = np.cumsum([part.num_envs for part in parts])[:-1]
        self._stepping: list[NDArray[Any]] = []
        rows = sum(part.num_envs for part in parts)
        super().__init__(rows, self.role.observation_space, self.role.action_space)

    def reset(self) -> NDArray[np.float32]:
        """Start a new episode in every world and return the observations ``[rows, F]``."""
        observations = np.concatenate([part.reset() for part in self.parts])
        self.reset_infos = [{} for _ in range(self.num_envs)]
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the rows' actions for :meth:`step_wait`.

        Raises:
            ActionError: not one action per row.
        """
        if len(actions) != self.num_envs:
            raise ActionError(f"actions of {self.role.name}: {len(actions)} given for {self.num_envs} rows")
        self._stepping = np.split(np.asarray(actions), self._starts)

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float64], BoolArray, RowInfos]:
        """Advance all worlds by one decision; see :meth:`VectorFace.step_wait`."""
        for part, actions in zip(self.parts, self._stepping, strict=True):
            part.step_async(actions)
        observations, rewards, dones, infos = zip(*(part.step_wait() for part in self.parts), strict=True)
        return (
            np.concatenate(observations),
            np.concatenate(rewards),
            np.concatenate(dones),
            [row for rows in infos for row in rows],
        )

    def action_masks(self) -> BoolArray:
        """Masks of all rows, ``[rows, A]``, True is legal."""
        return np.concatenate([part.action_masks() for part in self.parts])

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: int | Iterable[int] | None = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Per-row results of ``action_masks``, the only method that rows have.

        Raises:
            AttributeError: any other method.
        """
        rows = [row for part in self.parts for row in part.env_method(method_name, *method_args, **method_kwargs)]
        return rows if indices is None else [rows[row] for row in self._get_indices(indices)]

    def get_attr(self, attr_name: str, indices: int | Iterable[int] | None = None) -> list[Any]:
        """The attribute of each row's face, once per row asked for."""
        rows = [value for part in self.parts for value in part.get_attr(attr_name)]
        return rows if indices is None else [rows[row] for row in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: int | Iterable[int] | None = None) -> None:
        """Set an attribute of all faces; rows share it, so it cannot be set for some of them only."""
        for part in self.parts:
            part.set_attr(attr_name, value, indices)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: int | Iterable[int] | None = None) -> list[bool]:
        """Whether each row does what a wrapper does; see :meth:`VectorFace.env_is_wrapped`."""
        rows = [wrapped for part in self.parts for wrapped in part.env_is_wrapped(wrapper_class)]
        return rows if indices is None else [rows[row] for row in self._get_indices(indices)]

    def get_state(self) -> dict[str, Any]:
        """Snapshot from which training can go on: that of every face."""
        return {"parts": [part.get_state() for part in self.parts]}

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot of the same faces."""
        for part, state in zip(self.parts, snapshot["parts"], strict=True):
            part.set_state(state)

    def close(self) -> None:
        """Nothing to release: there is no subprocess."""


Face = VectorFace | MixedFace


def parts_of(face: Face) -> tuple[VectorFace, ...]:
    """The faces that a face is made of."""
    return face.parts if isinstance(face, MixedFace) else (face,)
