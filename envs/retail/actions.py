"""What retailers can be told, and how action codes say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.action_checks import require_code
from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.retail.constants import PRICE_LEVELS, RetailConstants
from voltran.physics.arrays import BoolArray, FloatArray

RetailerForm = Literal["ladder", "box"]
BOX_SIZE = 2  # price, reserved share
SAME = 1e-9  # less than this, relative to a price, is rounding


@dataclass(frozen=True)
class RetailerCommands:
    """What all retailers of all worlds post; arrays ``[B, retailer]``.

    Attributes:
        price: USD/kWh for subscribers, from 0 to the price cap.
        reserved: share of the generation that is kept for subscribers.
    """

    price: FloatArray
    reserved: FloatArray


class RetailerCodec:
    """Encodes and decodes the actions of retailers.

    Args:
        constants: constants of the retailers.
        form: "ladder": one of eleven prices, from unit cost to cap in equal ratios, nothing reserved; "box": two
            numbers in [-1, 1], the price on the same scale and the reserved share.

    Raises:
        ScenarioError: an unknown form.
    """

    def __init__(self, constants: RetailConstants, form: RetailerForm = "ladder") -> None:
        if form not in ("ladder", "box"):
            raise ScenarioError(f"retailer_form = {form!r} is unknown; use 'ladder' or 'box'")
        self.constants, self.form = constants, form

    @property
    def version(self) -> str:
        """Changes whenever an action changes its meaning; policies are tied to it."""
        return f"retailer-{self.form}-1"

    def space(self) -> spaces.Discrete | spaces.Box:
        """Action space of one retailer."""
        if self.form == "ladder":
            return spaces.Discrete(PRICE_LEVELS)
        return spaces.Box(-1.0, 1.0, (BOX_SIZE,), np.float32)

    def mask(self, n_worlds: int) -> BoolArray:
        """Flat action mask ``[B, I, A]``: a retailer may always ask any price."""
        return np.ones((n_worlds, self.constants.n_retailers, PRICE_LEVELS if self.form == "ladder" else 0), dtype=bool)

    def posted(self, actions: Mapping[str, Any], n_worlds: int) -> RetailerCommands:
        """Commands out of the actions of all roles; of a world without retailers, nobody's.

        Raises:
            ActionError: names retailer, world, field and value.
        """
        if self.constants.n_retailers == 0:
            nothing = np.zeros((n_worlds, 0))
            return RetailerCommands(nothing, nothing)
        return self.commands(actions["retailer"], n_worlds)

    def commands(self, actions: object, n_worlds: int) -> RetailerCommands:
        """Commands of codes inside the space, or commands themselves once they are checked.

        Raises:
            ActionError: names retailer, world, field and value.
        """
        if isinstance(actions, RetailerCommands):
            return self._checked(actions, n_worlds)
        return self._decoded(np.asarray(actions))

    def encode(self, commands: RetailerCommands, n_worlds: int) -> NDArray[Any]:
        """Actions that stand for commands: ``[B, retailer]`` codes, or ``[B, retailer, 2]`` in single precision.

        Raises:
            ActionError: commands that no retailer could carry out, or that no action stands for.
        """
        posted, ladder = self._checked(commands, n_worlds), self.constants.price_ladder
        if self.form == "ladder":
            level = np.abs(posted.price[..., None] - ladder).argmin(axis=-1)
            met = np.isclose(ladder[np.arange(len(ladder)), level], posted.price, rtol=SAME, atol=0.0)
            remedy = "codes are the prices of the ladder; build the world with retailer_form=box"
            require_code(met, "retailer", "price", posted.price, remedy)
            require_code(posted.reserved == 0.0, "retailer", "reserved", posted.reserved, "codes reserve nothing")
            return np.asarray(level, np.int64)
        low_price, cap = ladder[:, 0], ladder[:, -1]
        inside = (posted.price >= low_price * (1.0 - SAME)) & (posted.price <= cap)
        require_code(inside, "retailer", "price", posted.price, "prices reach from unit cost to cap")
        share = np.log(np.maximum(posted.price / low_price, 1.0)) / np.log(cap / low_price)
        actions = 2.0 * np.stack([share, posted.reserved], axis=-1) - 1.0
        return np.asarray(np.clip(actions, -1.0, 1.0), np.float32)

    def _decoded(self, values: NDArray[Any]) -> RetailerCommands:
        ladder = self.constants.price_ladder
        if self.form == "ladder":
            price = ladder[np.arange(self.constants.n_retailers), np.asarray(values, np.int64)]
            return RetailerCommands(price, np.zeros_like(price))
        share = (np.asarray(values, np.float64) + 1.0) / 2.0
        low_price, cap = ladder[:, 0], ladder[:, -1]
        return RetailerCommands(np.minimum(low_price * (cap / low_price) ** share[..., 0], cap), share[..., 1])

    def _checked(self, commands: RetailerCommands, n_worlds: int) -> RetailerCommands:
        cap = self.constants.retail.price_cap_usd_per_kwh
        for name, high, remedy in (
            (
                "price",
                cap,
                f"the price cap is {cap:g} USD/kWh: post less, or raise retail.price_cap_usd_per_kwh",
            ),
            ("reserved", 1.0, "it is a share from 0 to 1"),
        ):
            values = np.asarray(getattr(commands, name))
            shape = (n_worlds, self.constants.n_retailers)
            if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
                raise ActionError(f"retailers' {name}: shape {values.shape}, {values.dtype}; expected {shape} floats")
            bad = ~((values >= 0.0) & (values <= high))
            if bad.any():
                world, retailer = (int(part) for part in np.argwhere(bad)[0])
                raise ActionError(
                    f"{name} of retailer_{retailer} in world {world} = {values[world, retailer]:g}: must lie in "
                    f"[0, {high:g}]; {remedy}"
                )
        return RetailerCommands(commands.price.copy(), commands.reserved.copy())
