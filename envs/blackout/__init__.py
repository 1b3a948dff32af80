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
    training_reward="local",
    # Episodes are played to the horizon, because some metrics run over it.
    evaluation_overrides={"survival.end": "horizon"},
    pictures="voltran.evaluation.pictures.outage:pictures",
)
