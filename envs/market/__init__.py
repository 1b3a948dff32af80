"""The market world ``market_v0``: base stations buy power from retailers, who set prices. Source: [DPA]."""

from voltran.envs.market.metric_table import METRICS
from voltran.envs.world_spec import WorldSpec

WORLD = WorldSpec(
    name="market_v0",
    gymnasium_id="voltran/Market-v0",
    summary="base stations with loads and batteries buy power from retailers, who set prices",
    world="voltran.envs.market.world:MarketWorld",
    scenario="voltran.envs.market.scenario:MarketScenario",
    default_scenario="market8",
    metrics=METRICS,
    training_metric="welfare_usd",
    rewards={
        "own": "voltran.envs.market.rewards.own:own",
        "welfare": "voltran.envs.market.rewards.welfare:welfare",
    },
    training_reward="own",
    bound="voltran.baselines.market.bound:WELFARE",
    default_opponents={"bs": "price-threshold", "retailer": "dpa"},
    text="voltran.envs.market.text:as_text",
    picture="voltran.envs.market.picture:as_image",
    pictures="voltran.evaluation.pictures.market:pictures",
)
