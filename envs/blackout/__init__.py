"""The outage world ``blackout_v0``: base stations on batteries in a power cut, helping each other. Source: [MSRC]."""

from voltran.envs.blackout.metric_table import METRICS
from voltran.envs.world_spec import WorldSpec

WORLD = WorldSpec(
    name="blackout_v0",
    gymnasium_id="voltran/Blackout-v0",
    summary="base stations on batteries and electric vehicles keep a city connected through a grid outage",
    world="voltran.envs.blackout.world:BlackoutWorld",
    scenario="voltran.envs.blackout.scenario:BlackoutScenario",
    default_scenario="urban19-medium",
    metrics=METRICS,
    training_metric="survival_h",
    infos={
        "bs": {"projected": False, "repaired": False, "links": 0, "alive": True},
        "episode": {"survival_lost": False},
    },
    rewards={
        "team": "voltran.envs.blackout.rewards.team:team",
        "local": "voltran.envs.blackout.rewards.local:local",
        "mixed": "voltran.envs.blackout.rewards.mixed:mixed",
    },
    training_reward="local",
    # Episodes go on for a while after survival is lost: whoever pays for every hour would learn to end them early.
    # With the reward's own weights a long training saves energy at the cost of service.
    training_overrides={"survival.end": "late", "reward.local_service": 4.0, "reward.local_critical": 8.0},
    training_options={"action_set": "extended", "action_form": "multi"},
    declarations="voltran.envs.blackout.commands:declare_policy",
    # Episodes are played to the horizon, because some metrics run over it.
    evaluation_overrides={"survival.end": "horizon"},
    default_controllers=("independent", "static", "carrier-shutdown", "rotating-sleep"),
    text="voltran.envs.blackout.text:as_text",
    picture="voltran.envs.blackout.picture:as_image",
    replay="voltran.envs.blackout.replay:OutageReplay",
    picture_needs=("matplotlib",),
    pictures="voltran.evaluation.pictures.outage:pictures",
    picture_names=("batteries", "survival", "availability", "trade-off"),
)
