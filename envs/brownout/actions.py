"""Action codes of sites in the brownout world: a code of the outage world, and how much to buy."""

import numpy as np
from gymnasium import spaces

from voltran.envs.action_checks import require_code
from voltran.envs.blackout.actions import ActionCodec
from voltran.physics.arrays import BoolArray, FloatArray, IntArray

BUY_LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
ALL = len(BUY_LEVELS) - 1


class PurchaseCodec:
    """Adds the level of purchases to the outage world's action codes.

    The joint code is ``outage code * 5 + level``; the multi form has one more dimension. A site that is down buys
    all it can, so that it can come back.

    Args:
        outage: codec of the outage world.
    """

    def __init__(self, outage: ActionCodec) -> None:
        self.outage = outage

    @property
    def version(self) -> str:
        """Changes whenever a code changes its meaning; policies are tied to it."""
        return self.outage.version.replace("blackout", "brownout")

    @property
    def sizes(self) -> list[int]:
        """Number of values per dimension of an action; the flat mask is their concatenation."""
        if self.outage.form == "joint":
            return [self.outage.sizes[0] * len(BUY_LEVELS)]
        return [*self.outage.sizes, len(BUY_LEVELS)]

    def space(self) -> spaces.Discrete | spaces.MultiDiscrete:
        """Action space of one agent."""
        return spaces.Discrete(self.sizes[0]) if self.outage.form == "joint" else spaces.MultiDiscrete(self.sizes)

    def mask(self, outage_mask: BoolArray, alive: BoolArray) -> BoolArray:
        """Flat action mask ``[B, site, A]`` from the outage world's; nobody is forbidden to buy."""
        levels = alive[..., None] | (np.arange(len(BUY_LEVELS)) == ALL)
        if self.outage.form == "joint":
            joint = outage_mask[..., :, None] & levels[..., None, :]
            return np.asarray(joint.reshape(*alive.shape, -1))
        return np.concatenate([outage_mask, levels], axis=-1)

    def split(self, actions: IntArray) -> tuple[IntArray, FloatArray]:
        """The outage world's codes, and the shares ``[B, site]`` that sites ask for; actions lie in the space."""
        if self.outage.form == "joint":
            codes, levels = np.divmod(actions, len(BUY_LEVELS))
        else:
            codes, levels = actions[..., :-1], actions[..., -1]
        return codes, np.asarray(BUY_LEVELS)[levels]

    def join(self, codes: IntArray, buy: FloatArray) -> IntArray:
        """Actions of the outage world's codes and the shares ``[B, site]`` that sites ask for; :meth:`split` undoes it.

        Raises:
            ActionError: a share that no code stands for.
        """
        level = np.abs(buy[..., None] - np.asarray(BUY_LEVELS)).argmin(axis=-1)
        shares = ", ".join(f"{share:g}" for share in BUY_LEVELS)
        require_code(np.asarray(BUY_LEVELS)[level] == buy, "bs", "buy", buy, f"codes ask for {shares}")
        if self.outage.form == "joint":
            return np.asarray(codes * len(BUY_LEVELS) + level, np.int64)
        return np.concatenate([codes, level[..., None]], axis=-1)
