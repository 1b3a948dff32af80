"""The sharing world ``sharing_v0``: operators of co-located sites share batteries and panels. Source: [CG]."""

from voltran.envs.sharing.metric_table import METRICS
from voltran.envs.world_spec import WorldSpec

FORECASTER = "voltran.agents.forecasting.predict:next_slot_kw"
WORLD = WorldSpec(
    name="sharing_v0",
    gymnasium_id="voltran/Sharing-v0",
    summary="operators of co-located sites share batteries and solar panels, and buy the rest at changing prices",
    world="voltran.envs.sharing.world:SharingWorld",
    scenario="voltran.envs.sharing.scenario:SharingScenario",
    default_scenario="sharing12",
    metrics=METRICS,
    training_metric="saving",
    rewards={
        "own": "voltran.envs.sharing.rewards.own:own",
        "common": "voltran.envs.sharing.rewards.common:common",
        "saving": "voltran.envs.sharing.rewards.saving:saving",
    },
    training_reward="saving",
    bound="voltran.baselines.collective.bound:LEAST_COST",
    default_opponents={"operator": "grid-only"},
    uses=(FORECASTER,),
    text="voltran.envs.sharing.text:as_text",
    picture="voltran.envs.sharing.picture:as_image",
    pictures="voltran.evaluation.pictures.sharing:pictures",
)
