"""What sharing leaves in batteries at some moments, and how long a network lives on it: the parts that take long."""

from collections.abc import Mapping, Sequence
from typing import Any

from voltran.envs.sharing.world import SharingWorld
from voltran.evaluation.controller_spec import make_controller
from voltran.evaluation.evaluation import Evaluation
from voltran.experiments.calculations.one_world import one_world


def stored_at(
    scenario: str, overrides: Mapping[str, Any], controller: str, seed: int, hours: Sequence[float]
) -> dict[str, Any]:
    """Play an episode of sharing, and look into its batteries on the way.

    Args:
        scenario, overrides: of the sharing world.
        controller: who plays.
        seed: of the episode.
        hours: when to look, hours since the start of the episode.

    Returns:
        ``soc`` ``[hour][infrastructure]``, and ``saving`` and ``unserved_kwh`` of the whole episode.
    """
    world = one_world(SharingWorld, scenario, overrides)
    player = make_controller(controller)
    world.reset([seed])
    player.reset(world)
    while world.episodes.running.all():
        world.step(player.act(world))
    soc, kpis = world.trace()["soc"], world.kpis()
    rows = [round(hour / world.constants.period_h) - 1 for hour in hours]  # a row tells of the end of its slot
    return {
        "soc": [soc[row].tolist() for row in rows],
        **{name: float(kpis[name][0]) for name in ("saving", "unserved_kwh")},
    }


def survival_h(
    scenario: str, overrides: Mapping[str, Any], controller: str, seed: int, part_kwh: float, soc: Sequence[float]
) -> float:
    """How long an operator's network lives on its part of shared batteries.

    Args:
        scenario, overrides: of the outage world, with as many sites as there are batteries.
        controller: who plays it.
        seed: of the outage.
        part_kwh: an operator's part of a battery, alpha times its capacity.
        soc: ``[site]`` states of charge when the outage begins.
    """
    batteries = {"battery.capacity_kwh": part_kwh, "battery.initial_soc": list(soc), "battery.soc_min": 0.0}
    results = Evaluation(scenario, [controller], [seed], {**overrides, **batteries}).run()
    (played,) = results.controllers.values()
    mean = played.metrics["survival_h"].mean
    assert mean is not None
    return mean
