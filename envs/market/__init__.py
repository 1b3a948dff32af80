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
    infos={
        "bs": {"projected": False, "bought_kwh": 0.0, "unserved_kwh": 0.0, "paid_usd": 0.0},
        "retailer": {"projected": False, "price_usd_per_kwh": 0.0, "sold_kwh": 0.0, "spilled_kwh": 0.0},
        "episode": {"satisfaction_usd": 0.0, "generation_cost_usd": 0.0, "lost_load_usd": 0.0, "wear_usd": 0.0},
    },
    rewards={
        "own": "voltran.envs.market.rewards.own:own",
        "welfare": "voltran.envs.market.rewards.welfare:welfare",
    },
    training_reward="own",
    bound="voltran.baselines.market.bound:WELFARE",
    default_opponents={"bs": "price-threshold", "retailer": "dpa"},
    default_controllers=(
        "bs=price-threshold+retailer=dpa",
        "bs=buy-all+retailer=cost-plus",
        "bs=autarky+retailer=price-cap",
    ),
    text="voltran.envs.market.text:as_text",
    picture="voltran.envs.market.picture:as_image",
    replay="voltran.envs.market.replay:MarketReplay",
    picture_needs=("matplotlib",),
    pictures="voltran.evaluation.pictures.market:pictures",
    picture_names=("trading", "efficiency"),
)
