"""Scenario of the brownout world: that of the outage, retailers, and a main grid that comes and goes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.blackout.scenario import BlackoutScenario, Reward
from voltran.envs.retail.scenario import Retail
from voltran.envs.scenario import Section


class Grid(Section):
    """The main grid. Source: availability avail_i(t) of [MSRC] Eq. 17.

    Attributes:
        schedule: "blackout": it gives nothing; "rolling": feeders take turns.
        feeders: sites are dealt out to so many feeders in turn.
        feeders_on: feeders that are supplied at a time, in a rolling blackout.
        turn_h: after so many hours it is the next feeder's turn.
        main_limit_kw: most import of a site from the main grid while its feeder is supplied.
        main_price_usd_per_kwh: what that costs.
        feeder_limit_kw: most that all sites of a feeder may import together, from the main grid and from retailers.
    """

    schedule: Literal["blackout", "rolling"] = "blackout"
    feeders: Annotated[int, Field(ge=1, le=127)] = 1
    feeders_on: Annotated[int, Field(ge=1, le=127)] = 1
    turn_h: domains.DurationH = 2.0
    main_limit_kw: domains.PositivePowerKw = 15.0
    main_price_usd_per_kwh: domains.UsdPerKwh = 0.3
    feeder_limit_kw: domains.PositivePowerKw | None = None

    @model_validator(mode="after")
    def _some_are_off(self) -> "Grid":
        if self.feeders_on > self.feeders:
            raise ValueError(f"feeders_on = {self.feeders_on} must not exceed feeders = {self.feeders}")
        return self


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
        main_kw = self.grid.main_limit_kw if self.grid.schedule == "rolling" else 0.0
        import_kw = main_kw + sum(retailer.capacity_kw for retailer in self.retail.retailers)
        return import_kw if self.grid.feeder_limit_kw is None else min(import_kw, self.grid.feeder_limit_kw)

    @model_validator(mode="after")
    def _retail_fits(self) -> "BrownoutScenario":
        self.retail.check_sites(self.layout.n_sites)
        return self
