"""What was trained elsewhere, as controllers: a file of Stable-Baselines3, what scores actions, what chooses them.

They see what learned policies see, the observations and masks of one role. No file says which version of them a network
was trained on: that their sizes fit is all that can be checked.
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from voltran.agents.roles import action_sizes, find_role, likeliest
from voltran.envs.controller import UNKNOWN, Information, information_from
from voltran.envs.errors import FileFormatError, MissingExtraError, PartError, ScenarioError
from voltran.envs.references import resolve
from voltran.envs.world import Role, World
from voltran.physics.arrays import BoolArray, Float32Array, IntArray

Choose = Callable[[Float32Array, BoolArray, Role], IntArray]
Misfit = Callable[[Role], str]

MASKABLE = "sb3_contrib.common.maskable"
ACTOR_CRITIC = "stable_baselines3.common.policies"


class ForeignPolicy:
    """Plays one role with a network that was trained elsewhere, and counts the actions that masks forbid.

    The world plays a forbidden action as the nearest legal one.

    Args:
        name: as shown in result tables.
        choose: action codes ``[rows, k]`` for observations ``[rows, F]`` and masks ``[rows, A]`` of a role's agents.
        misfit: what keeps the network from playing a role; empty if nothing does.
        role: whom it plays; by default the first role that it fits.
        **world_options: options of the world that give the role the network's actions.
    """

    def __init__(self, name: str, choose: Choose, misfit: Misfit, *, role: str = "", **world_options: Any) -> None:
        self.name, self.world_options = name, world_options
        self.information: Information = UNKNOWN  # until it is known which role it plays
        self._choose, self._misfit, self._wanted = choose, misfit, role
        self._role = ""
        self._illegal, self._taken = 0, 0

    def reset(self, world: World) -> None:
        """Find the role to play.

        Raises:
            ScenarioError: the network does not fit the role, or none of the world's.
        """
        roles = [find_role(world, self._wanted)] if self._wanted else list(world.roles)
        misfits = {role.name: self._misfit(role) for role in roles}
        chosen = next((role for role in roles if not misfits[role.name]), None)
        if chosen is None:
            reasons = "; ".join(f"role {role} {why}" for role, why in misfits.items())
            raise ScenarioError(
                f"policy {self.name} plays no role of {world.name}: {reasons}; choose the world and the options "
                "(role, action_form, ...) that it was trained with"
            )
        self._role, self.information = chosen.name, information_from(chosen)
        self._illegal, self._taken = 0, 0

    def counters(self) -> dict[str, float]:
        """How many actions were chosen in the episode, by all agents together, and how many of them masks forbade."""
        return {"illegal_actions": self._illegal, "actions_taken": self._taken}

    def act(self, world: World) -> dict[str, Any]:
        """Choose for all agents of the role: role -> codes ``[B, n]`` (Discrete), ``[B, n, k]``.

        Raises:
            PartError: what was chosen are no codes, one per agent and action dimension.
        """
        role = find_role(world, self._role)
        observations, masks = world.observations()[role.name], world.action_masks()[role.name]
        batch = observations.shape[:2]
        rows, legal = observations.reshape(-1, observations.shape[2]), masks.reshape(-1, masks.shape[2])
        sizes = action_sizes(role)
        codes = self._checked(self._choose(rows, legal, role), len(rows), sizes)
        self._taken += len(rows)
        self._illegal += _count_illegal(codes, legal, sizes)
        return {role.name: codes.reshape(batch if len(sizes) == 1 else (*batch, -1))}

    def _checked(self, chosen: Any, rows: int, sizes: tuple[int, ...]) -> IntArray:
        """Codes ``[rows, k]``."""
        codes = np.asarray(chosen)
        shapes = [[rows, len(sizes)]] if len(sizes) > 1 else [[rows], [rows, 1]]
        if codes.dtype.kind not in "iu" or list(codes.shape) not in shapes:
            found = f"{codes.dtype} of shape {list(codes.shape)}"
            raise PartError(f"policy {self.name}: chose {found}; give integers of shape {shapes[0]}, codes of actions")
        codes = codes.reshape(rows, -1).astype(np.int64)
        if wrong := np.argwhere((codes < 0) | (codes >= sizes)).tolist():
            row, part = wrong[0]
            raise PartError(
                f"policy {self.name}: chose {codes[row, part]} in row {row}; codes are 0..{sizes[part] - 1}"
            )
        return codes


def function_policy(
    choose: Callable[[Float32Array, BoolArray], Any], name: str = "", *, role: str = "", **world_options: Any
) -> ForeignPolicy:
    """A function of observations and masks as a controller: whatever was trained, with any library.

    ``voltran.evaluate("urban19-medium", [function_policy(choose, "mine"), "static"])``; several roles make a team,
    ``voltran.envs.team.Team({"bs": function_policy(...), "retailer": function_policy(...)})``.

    Args:
        choose: action codes ``[rows]`` (``[rows, k]`` where actions have several dimensions) for observations
            ``[rows, F]``, float32, and masks ``[rows, A]``, True is legal: a row for each agent of the role.
        name: as shown in result tables; the function's by default.
        role: whom it plays; the world's first role by default.
        **world_options: options of the world that it was trained with, such as ``action_form="multi"``.

    Raises:
        ScenarioError: ``choose`` cannot be called.
    """
    if not callable(choose):
        raise ScenarioError(f"choose = {choose!r}: cannot be called; give a function of observations and masks")
    named = name or getattr(choose, "__name__", type(choose).__name__)
    return ForeignPolicy(named, lambda rows, masks, _: choose(rows, masks), _no_codes, role=role, **world_options)


def load_sb3(path: str, name: str, **options: Any) -> ForeignPolicy:
    """A model that Stable-Baselines3 or sb3-contrib saved; its likeliest actions, within the masks if it knows them.

    Loading runs code that the file may hold: load files of people you trust only.

    Args:
        path: of the .zip file, of MaskablePPO, PPO or A2C.
        name: as shown in result tables.
        **options: of :class:`ForeignPolicy`.

    Raises:
        FileFormatError: no such file, or none that can be played.
        MissingExtraError: Stable-Baselines3 or sb3-contrib is not installed.
    """
    algorithm, takes_masks = _algorithm(path)
    try:
        model = algorithm.load(path, device="cpu")
    except Exception as error:  # whatever goes wrong in there is the finding
        raise FileFormatError(f"policy {path}: cannot be loaded ({type(error).__name__}: {error})") from error

    def choose(rows: Float32Array, masks: BoolArray, role: Role) -> IntArray:
        more = {"action_masks": masks} if takes_masks else {}
        codes = model.predict(rows, deterministic=True, **more)[0]
        return np.asarray(codes, np.int64).reshape(rows.shape[0], -1)

    def misfit(role: Role) -> str:
        for what, ours, theirs in (
            ("observes", role.observation_space.shape, model.observation_space.shape),
            ("acts in", role.action_space, model.action_space),
        ):
            if ours != theirs:
                return f"{what} {ours}, the model {theirs}"
        return ""

    return ForeignPolicy(name, choose, misfit, **options)


def load_torch(reference: str, name: str, **options: Any) -> ForeignPolicy:
    """Anything that scores actions: what it scores highest is played, within the masks.

    Args:
        reference: ``module:attribute`` of a ``torch.nn.Module``, of its class, or of a function; it maps observations,
            a tensor ``[rows, F]``, to scores ``[rows, A]``, one per entry of the action mask.
        name: as shown in result tables.
        **options: of :class:`ForeignPolicy`.

    Raises:
        ScenarioError: no such module or attribute, or it cannot be called.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch:module:attribute needs torch: pip install 'voltran[train]'") from error
    network: Any = resolve(reference, "network")
    if isinstance(network, type) and issubclass(network, torch.nn.Module):
        network = network()
    if not callable(network):
        raise ScenarioError(
            f"network {reference!r}: an object of type {type(network).__name__} cannot be called with observations; "
            "name a torch.nn.Module or a function"
        )
    if isinstance(network, torch.nn.Module):
        network.eval()

    def choose(rows: Float32Array, masks: BoolArray, role: Role) -> IntArray:
        with torch.no_grad():
            scores = np.asarray(network(torch.from_numpy(rows)))
        if scores.shape != masks.shape or not np.isfinite(scores).all():
            raise ScenarioError(
                f"network {reference!r}: scores of shape {list(scores.shape)}, expected finite ones of shape "
                f"{list(masks.shape)}: one per agent and entry of the mask of role {role.name}"
            )
        return likeliest(scores, masks, action_sizes(role))

    return ForeignPolicy(name, choose, _no_codes, **options)


def _no_codes(role: Role) -> str:
    return "" if role.mask_size else "has no action codes"


def _count_illegal(codes: IntArray, masks: BoolArray, sizes: tuple[int, ...]) -> int:
    """Rows in which some code, of ``[rows, k]``, is one that its part of the mask ``[rows, A]`` forbids."""
    starts = np.cumsum((0, *sizes[:-1]))
    return int((~np.take_along_axis(masks, codes + starts, axis=1)).any(axis=1).sum())


def _algorithm(path: str) -> tuple[Any, bool]:
    """What loads a file, and whether it knows masks."""
    try:
        with zipfile.ZipFile(Path(path)) as archive:
            policy = json.loads(archive.read("data"))["policy_class"]["__module__"]
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"policy {path}: not a model of Stable-Baselines3 ({error}); name the .zip file that model.save wrote"
        ) from error
    try:
        if policy.startswith(MASKABLE):
            from sb3_contrib import MaskablePPO

            return MaskablePPO, True
        if policy == ACTOR_CRITIC:
            from stable_baselines3 import PPO

            return PPO, False
    except ImportError as error:
        raise MissingExtraError(f"sb3:PATH needs {error.name}: pip install 'voltran[train]'") from error
    raise FileFormatError(f"policy {path}: its network is one of {policy}; only MaskablePPO, PPO and A2C are played")
