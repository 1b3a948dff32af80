"""The same episode had nobody traded: batteries serve loads until they are empty, and the rest is lost."""

import numpy as np

from voltran.envs.energy.site_batteries import serve_alone
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.rewards.formulas import lost_load_usd, wear_usd
from voltran.envs.world import FloatArray


def autarky_usd(constants: MarketConstants, load_kw: FloatArray) -> FloatArray:
    """Welfare ``[T]`` of each period without any trade, in USD.

    Args:
        constants: constants.
        load_kw: ``[T, M]`` loads of one episode.
    """
    battery_kw, unserved_kw = serve_alone(constants.initial_soc, load_kw, constants.period_h, constants.batteries)
    return np.asarray(-(lost_load_usd(constants, unserved_kw) + wear_usd(constants, battery_kw)).sum(axis=1))
