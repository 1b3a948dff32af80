"""What sharing has saved, with what is stored counted at once."""

from voltran.envs.rewards import RewardResult
from voltran.envs.sharing.rewards.period import SharingPeriod


def saving(period: SharingPeriod) -> RewardResult:
    """``[B, N]`` EUR: what the infrastructure saved over the grid alone, in equal parts, and what its storage gained.

    Energy that is stored counts as what it would replace, at the mean price of the coming day: whoever charges need not
    wait for hours to see what it was good for.
    """
    world, constants = period.world, period.world.constants
    price, demand_kw = period.latest("price_eur_per_kwh")[:, None], period.latest("demand_kw")
    alone_eur = price * constants.by_infrastructure(demand_kw) * constants.period_h
    cost_eur = constants.sum_of_agents(period.cost_eur())
    gained_kwh = period.soc_change * world.capacity_kwh * constants.scenario.battery.discharge_efficiency
    value = alone_eur - cost_eur + world.forecast.day_price()[:, None] * gained_kwh
    return RewardResult({"operator": period.equal_parts(value)})
