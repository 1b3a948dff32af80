"""Plans of operators that share batteries: who draws from grid or battery, and when batteries charge. Source: [CG]."""

from voltran.baselines.collective.planners import ForesightMilp, PlanningSettings, RollingMilp, RollingSettings
from voltran.baselines.collective.rules import GridOnly, Myopic, TariffThreshold, TariffThresholdSettings
from voltran.baselines.entry import Entry

__all__ = ["CONTROLLERS"]

SHARING = ("sharing_v0",)

CONTROLLERS: dict[str, Entry] = {
    "rolling-milp": Entry(RollingMilp, RollingSettings, SHARING),
    "foresight-milp": Entry(ForesightMilp, PlanningSettings, SHARING),
    "grid-only": Entry(GridOnly, None, SHARING),
    "tariff-threshold": Entry(TariffThreshold, TariffThresholdSettings, SHARING),
    "myopic": Entry(Myopic, None, SHARING),
}
