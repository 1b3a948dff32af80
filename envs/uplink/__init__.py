"""The uplink world ``uplink_v0``: base stations only receive, and sleep where not needed. Source: [FDRAN]."""

from voltran.envs.uplink.metric_table import METRICS
from voltran.envs.world_spec import WorldSpec

WORLD = WorldSpec(
    name="uplink_v0",
    gymnasium_id="voltran/Uplink-v0",
    summary="uplink base stations of a fully decoupled network serve UEs together, and sleep where they are not needed",
    world="voltran.envs.uplink.world:UplinkWorld",
    scenario="voltran.envs.uplink.scenario:UplinkScenario",
    default_scenario="uplink20",
    metrics=METRICS,
    training_metric="energy_efficiency",
    infos={"ubs": {"projected": False, "repaired": False, "awake": True}},
    rewards={
        "team": "voltran.envs.uplink.rewards.team:team",
        "local": "voltran.envs.uplink.rewards.local:local",
    },
    training_reward="local",
    default_controllers=("trimsm-eipc", "tsap", "recp", "llsf"),
    text="voltran.envs.uplink.text:as_text",
    picture="voltran.envs.uplink.picture:as_image",
    replay="voltran.envs.uplink.replay:UplinkReplay",
    picture_needs=("matplotlib",),
    pictures="voltran.evaluation.pictures.uplink:pictures",
    picture_names=("cdf-*", "day", "network"),
)
