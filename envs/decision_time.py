"""The times of worlds that step once per decision."""

from pydantic import model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.physics.units import SECONDS_PER_HOUR


class DecisionTime(Section):
    """When decisions are made.

    Attributes:
        horizon_h: length of an episode.
        decision_period_s: length of the periods for which decisions hold.
    """

    horizon_h: domains.HorizonH = 24.0
    decision_period_s: domains.DurationS = 900.0

    @property
    def decisions(self) -> int:
        """Decision periods in an episode."""
        return round(self.horizon_h / self.period_h)

    @property
    def period_h(self) -> float:
        """Length of a decision period."""
        return self.decision_period_s / SECONDS_PER_HOUR

    @model_validator(mode="after")
    def _whole_periods(self) -> "DecisionTime":
        periods = self.horizon_h / self.period_h
        if round(periods) < 1 or abs(periods - round(periods)) > 1e-6:
            raise ValueError(
                f"horizon_h = {self.horizon_h} is not a whole number of decision periods of {self.decision_period_s} s"
            )
        return self
