"""The same episode had nobody traded: batteries serve loads until they are empty, and the rest is lost."""

import numpy as np

from voltran.envs.market.flows import supply_sites
from voltran.envs.market.model import MarketModel
from voltran.envs.market.reward import lost_load_usd, wear_usd
from voltran.envs.world import FloatArray


def autarky_usd(model: MarketModel, load_kw: FloatArray) -> FloatArray:
    """Welfare ``[T]`` of each period without any trade, in USD.

    Args:
        model: constants.
        load_kw: ``[T, M]`` loads of one episode.
    """
    soc, nothing = model.initial_soc[None], np.zeros((1, model.n_sites))
    discharge_kw = model.batteries.discharge_limit_kw[None]
    welfare = np.zeros(len(load_kw))
    for period, load in enumerate(load_kw):
        flows = supply_sites(soc, load[None], nothing, discharge_kw, model.period_h, model.batteries)
        welfare[period] = -(lost_load_usd(model, flows) + wear_usd(model, flows.battery_kw)).sum()
        soc = flows.soc
    return welfare
