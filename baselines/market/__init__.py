"""Controllers of worlds with retailers, and what the best of all could reach. Source: [DPA], and ours."""

from collections.abc import Callable

from voltran.baselines.market.best_response import BestResponse, BestResponseSettings
from voltran.baselines.market.dpa_controller import Dpa, DpaSettings
from voltran.baselines.market.pricing import CostPlus, CostPlusSettings, PriceCap
from voltran.baselines.market.site_rules import Autarky, BuyAll, PriceThreshold, PriceThresholdSettings
from voltran.baselines.market.social_controller import SocialOptimum
from voltran.envs.controller import Controller
from voltran.envs.scenario import Section

__all__ = ["CONTROLLERS"]

# name -> what builds it, and the model of its options where it has any
CONTROLLERS: dict[str, tuple[Callable[..., Controller], type[Section] | None]] = {
    "dpa": (Dpa, DpaSettings),
    "social-optimum": (SocialOptimum, None),
    # of the retailers
    "best-response": (BestResponse, BestResponseSettings),
    "cost-plus": (CostPlus, CostPlusSettings),
    "price-cap": (PriceCap, None),
    # of the sites
    "buy-all": (BuyAll, None),
    "price-threshold": (PriceThreshold, PriceThresholdSettings),
    "autarky": (Autarky, None),
}
