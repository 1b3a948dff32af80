"""The brownout world ``brownout_v0``: the outage, with retailers that supply a little power. Source: [MSRC], [DPA]."""

from voltran.envs.blackout.metric_table import METRICS as OUTAGE_METRICS
from voltran.envs.retail.metric_table import METRICS as RETAIL_METRICS
from voltran.envs.world_spec import WorldSpec

WORLD = WorldSpec(
    name="brownout_v0",
    gymnasium_id="voltran/Brownout-v0",
    summary="base stations in a power cut share, and pay for, the little power that retailers have",
    world="voltran.envs.brownout.world:BrownoutWorld",
    scenario="voltran.envs.brownout.scenario:BrownoutScenario",
    default_scenario="urban19-brownout-medium",
    metrics=(*OUTAGE_METRICS, *RETAIL_METRICS),
    training_metric="survival_h",
    infos={
        "bs": {
            "projected": False,
            "repaired": False,
            "links": 0,
            "alive": True,
            "bought_kwh": 0.0,
            "paid_usd": 0.0,
        },
        "retailer": {"projected": False, "price_usd_per_kwh": 0.0, "sold_kwh": 0.0, "spilled_kwh": 0.0},
        "episode": {"survival_lost": False},
    },
    rewards={
        "team": "voltran.envs.brownout.rewards.team:team",
        "local": "voltran.envs.brownout.rewards.local:local",
        "mixed": "voltran.envs.brownout.rewards.mixed:mixed",
    },
    training_reward="local",
    # Episodes go on for a while after survival is lost: whoever pays for every hour would learn to end them early.
    # With the reward's own weights a long training saves energy at the cost of service.
    training_overrides={"survival.end": "late", "reward.local_service": 4.0, "reward.local_critical": 8.0},
    training_options={"action_set": "extended", "action_form": "multi"},
    default_opponents={"bs": "rotating-sleep", "retailer": "dpa"},
    declarations="voltran.envs.blackout.commands:declare_policy",
    # Episodes are played to the horizon, because some metrics run over it.
    evaluation_overrides={"survival.end": "horizon"},
    default_controllers=(
        "bs=independent+retailer=dpa",
        "bs=static+retailer=dpa",
        "bs=carrier-shutdown+retailer=dpa",
        "bs=rotating-sleep+retailer=dpa",
    ),
    text="voltran.envs.brownout.text:as_text",
    picture="voltran.envs.brownout.picture:as_image",
    replay="voltran.envs.brownout.replay:BrownoutReplay",
    picture_needs=("matplotlib",),
    pictures="voltran.evaluation.pictures.brownout:pictures",
    picture_names=("batteries", "survival", "availability", "trade-off", "trading", "efficiency"),
)
