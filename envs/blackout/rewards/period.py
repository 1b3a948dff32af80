"""What rewards of the outage world look back on."""

from dataclasses import dataclass

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.state import PeriodTotals
from voltran.envs.rewards import Period
from voltran.envs.world import BoolArray, FloatArray


@dataclass
class BlackoutPeriod(Period):
    """A decision period of the outage world.

    Attributes:
        constants: constants of the scenario; the weights are ``constants.scenario.reward``.
        totals: sums over the physics steps of the period.
        before_kwh: ``[B, site]`` usable energy at its beginning; at its end it is ``world.usable_kwh``.
        changed: ``[B, site]`` sites whose commanded mode changed.
        repaired: ``[B, site]`` sites whose action had to be repaired.
        home_users: ``[B, site]`` number of home users.
    """

    constants: BlackoutConstants
    totals: PeriodTotals
    before_kwh: FloatArray
    changed: BoolArray
    repaired: BoolArray
    home_users: FloatArray
