"""Relays on solar panels: a world of somebody else's, with all that belongs to it."""

from voltran import Metric, WorldSpec

WORLD = WorldSpec(
    name="relays_v0",
    gymnasium_id="solar/Relays-v0",
    summary="relays on solar panels decide how much to send by day, and what to keep for the night",
    world="solar_relays.world:RelayWorld",
    scenario="solar_relays.scenario:RelayScenario",
    default_scenario="solar_relays.scenario:SHORE",
    metrics=(
        Metric("delivered_gbit", "Delivered", "Gbit", 1, "up", True),
        Metric("asleep_share", "Asleep", "%", 1, "down", True, scale=100.0, bounds=(0.0, 1.0)),
        Metric("soc_end", "State of charge at the end", bounds=(0.0, 1.0)),
    ),
    training_metric="delivered_gbit",
    rewards={"delivered": "solar_relays.learning:delivered"},
    training_reward="delivered",
    text="solar_relays.world:as_text",
)
