"""What batteries hold over time."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def charge_band(panel: "Axes", time_h: NDArray[np.float64], soc: NDArray[np.float64], colour: str) -> None:
    """Mean, lowest and highest state of charge, in percent.

    Args:
        panel: where to draw.
        time_h: ``[T]``.
        soc: ``[T, battery]``.
        colour: of lines and the band.
    """
    charge = 100 * soc
    if charge.size:
        panel.fill_between(time_h, charge.min(axis=1), charge.max(axis=1), color=colour, alpha=0.22, linewidth=0)
        panel.plot(time_h, charge.mean(axis=1), color=colour, linewidth=1.9)
    panel.set_ylim(0, 100)
