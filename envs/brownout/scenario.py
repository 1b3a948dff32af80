"""Scenario of the brownout world: that of the outage, retailers, and a main grid that comes and goes."""

from typing import ClassVar, Literal

from pydantic import model_validator

from voltran.envs import domains
from voltran.envs.blackout.scenario import BlackoutScenario, Reward
from voltran.envs.energy.grid import Grid
from voltran.envs.retail.scenario import Retail


class BrownoutReward(Reward):
    """Weights of rewards: those of the outage, and of what sites pay for power.

    Attributes:
        purchase_per_usd: what a dollar paid for power costs a site; by default a kWh that a battery lacks is worth the
            value of lost load.
    """

    purchase_per_usd: domains.Weight = 0.02


class BrownoutScenario(BlackoutScenario):
    """The brownout world ``brownout_v0``."""

    import_keys: ClassVar[tuple[str, ...]] = (
        "grid.schedule", "grid.main_limit_kw", "grid.feeder_limit_kw", "retail.retailers",
    )  # fmt: skip

    world: Literal["brownout_v0"] = "brownout_v0"
    retail: Retail = Retail()
    grid: Grid = Grid()
    reward: BrownoutReward = BrownoutReward()

    @property
    def import_limit_kw(self) -> float:
        """Most that a site could ever import: from the main grid if it is ever on, and all that retailers generate."""
        main_kw = 0.0 if self.grid.schedule == "blackout" else self.grid.main_limit_kw
        import_kw = main_kw + sum(retailer.capacity_kw for retailer in self.retail.retailers)
        return import_kw if self.grid.feeder_limit_kw is None else min(import_kw, self.grid.feeder_limit_kw)

    @model_validator(mode="after")
    def _retail_fits(self) -> "BrownoutScenario":
        self.retail.check_sites(self.layout.n_sites)
        return self
