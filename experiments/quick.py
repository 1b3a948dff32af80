"""The quick form of an experiment: a little of everything in it, to show that it works."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, TypeVar

from voltran.envs.registry import make_world
from voltran.experiments.episode_experiment import ONLY_IN, EpisodeExperiment
from voltran.experiments.published_values import Comparison
from voltran.experiments.sweep import Sweep, VariedKey, combinations

SweptT = TypeVar("SweptT", Sweep, VariedKey)
SEEDS, VARIANTS, HORIZON_H = 2, 2, 0.5


def quick_form(experiment: EpisodeExperiment) -> EpisodeExperiment:
    """The experiment in its first scenario: two seeds, half an hour, and two variants or values of each sweep.

    All controllers play; those that play the first seeds only play the first.

    Raises:
        ScenarioError: an unknown scenario or key.
    """
    sweeps = tuple(_shortened(sweep) for sweep in experiment.sweeps)
    vary = tuple(_shortened(varied) for varied in experiment.vary)
    variants = dict(islice(experiment.variants.items(), VARIANTS))
    left = {*variants, *combinations(vary), *(variant for sweep in sweeps for variant in sweep.variants())}
    skip = {who: tuple(name for name in where if name in left) for who, where in experiment.skip.items()}
    changed: dict[str, Any] = {
        "scenarios": experiment.scenarios[:1],
        "overrides": experiment.overrides
        | shorter(experiment.situations()[0].scenario, experiment.overrides, experiment.options),
        "sweeps": sweeps,
        "vary": vary,
        "variants": variants,
        "skip": {who: where for who, where in skip.items() if where},
        "seeds": min(SEEDS, experiment.seeds),
        "first_only": dict.fromkeys(experiment.first_only, 1),
        "pictures": experiment.pictures and tuple(name.partition(ONLY_IN)[0] for name in experiment.pictures),
        "answer": "",  # it is about cells that are not all played
    }
    quick = experiment.model_copy(update=changed)
    played = {situation.name for situation in quick.situations()}
    return quick.model_copy(update={"paper": tuple(_narrowed(table, played) for table in experiment.paper)})


def _shortened(swept: SweptT) -> SweptT:
    return swept.model_copy(update={"values": swept.values[:VARIANTS]})


def _narrowed(table: Comparison, played: set[str]) -> Comparison:
    """The published table, with ratios in the cells that are played."""
    return table.model_copy(
        update={"ratio_cells": tuple(situation for situation in table.ratio_cells if situation in played)}
    )


def shorter(scenario: str, overrides: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, float]:
    """The horizon that quick episodes have; nothing in worlds whose scenarios name none.

    Raises:
        ScenarioError: an unknown scenario or key.
    """
    world = make_world(scenario, 1, overrides, **options)
    horizon_h = getattr(getattr(world.scenario, "time", None), "horizon_h", None)
    return {} if horizon_h is None else {"time.horizon_h": min(HORIZON_H, float(horizon_h))}
