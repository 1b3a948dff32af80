"""Controllers of worlds with retailers, and what the best of all could reach. Source: [DPA], and ours."""

from voltran.baselines.entry import Entry
from voltran.baselines.market.best_response import BestResponse, BestResponseSettings
from voltran.baselines.market.dpa_controller import Dpa, DpaSettings
from voltran.baselines.market.pricing import CostPlus, CostPlusSettings, PriceCap
from voltran.baselines.market.site_rules import Autarky, BuyAll, PriceThreshold, PriceThresholdSettings
from voltran.baselines.market.social_controller import SocialOptimum

__all__ = ["CONTROLLERS"]

MARKET = ("market_v0",)
WITH_RETAILERS = ("market_v0", "brownout_v0")

CONTROLLERS: dict[str, Entry] = {
    "dpa": Entry(Dpa, DpaSettings, WITH_RETAILERS),
    "social-optimum": Entry(SocialOptimum, None, MARKET),
    # of the retailers
    "best-response": Entry(BestResponse, BestResponseSettings, WITH_RETAILERS),
    "cost-plus": Entry(CostPlus, CostPlusSettings, WITH_RETAILERS),
    "price-cap": Entry(PriceCap, None, WITH_RETAILERS),
    # of the sites
    "buy-all": Entry(BuyAll, None, MARKET),
    "price-threshold": Entry(PriceThreshold, PriceThresholdSettings, MARKET),
    "autarky": Entry(Autarky, None, MARKET),
}
