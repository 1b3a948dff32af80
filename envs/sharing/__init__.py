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
    infos={
        "operator": {"projected": False, "grid_kwh": 0.0, "battery_kwh": 0.0, "unserved_kwh": 0.0},
        "episode": {
            "energy_cost_eur": 0.0,
            "charge_cost_eur": 0.0,
            "wear_eur": 0.0,
            "lost_load_eur": 0.0,
            "refill_eur": 0.0,
        },
    },
    rewards={
        "own": "voltran.envs.sharing.rewards.own:own",
        "common": "voltran.envs.sharing.rewards.common:common",
        "saving": "voltran.envs.sharing.rewards.saving:saving",
    },
    training_reward="saving",
    bound="voltran.baselines.collective.bound:LEAST_COST",
    default_opponents={"operator": "grid-only"},
    uses=(FORECASTER,),
    default_controllers=("grid-only", "myopic", "tariff-threshold"),
    text="voltran.envs.sharing.text:as_text",
    picture="voltran.envs.sharing.picture:as_image",
    replay="voltran.envs.sharing.replay:SharingReplay",
    picture_needs=("matplotlib",),
    pictures="voltran.evaluation.pictures.sharing:pictures",
    picture_names=("course", "captured"),
)
