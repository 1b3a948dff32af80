"""What can be known of an experiment before it is played: whether names mean something, and everybody can play all."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.registry import world_spec
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.metrics import declared_metric, metrics_of
from voltran.experiments.answer import quantities
from voltran.experiments.episode_experiment import ONLY_IN, EpisodeExperiment
from voltran.experiments.sweep import swept_picture


def check_episodes(experiment: EpisodeExperiment, evaluations: Mapping[str, Evaluation]) -> None:
    """Let every controller meet every situation once, and look up all that is named.

    Args:
        experiment: what will be played.
        evaluations: name of each situation to who plays it.

    Raises:
        ScenarioError: an unknown key, metric, controller or picture, a value out of range, or a controller that cannot
            play a situation; names the situation.
    """
    _check_names(experiment, evaluations)
    counted = _met(evaluations)
    worlds = dict.fromkeys(evaluation.setting.world for evaluation in evaluations.values())
    for world in worlds:
        _check_metrics(experiment, world, counted)
    _check_pictures(experiment, list(worlds))


def _check_names(experiment: EpisodeExperiment, evaluations: Mapping[str, Evaluation]) -> None:
    """Controllers that are named besides the list of who plays must be in it."""
    labels = list(dict.fromkeys(label for evaluation in evaluations.values() for label in evaluation.labels))
    named = [(f"families, {title}", name) for title, names in experiment.families.items() for name in names]
    named += [("first_only", name) for name in experiment.first_only]
    for quantity in quantities(experiment.answer):
        named += [("answer", name) for name in (quantity.controller, quantity.reference) if name is not None]
    for field, name in named:
        if name not in labels:
            raise ScenarioError(f"{field}: {name!r} is not among the controllers: {', '.join(labels)}")


def _met(evaluations: Mapping[str, Evaluation]) -> frozenset[str]:
    """Names of what the controllers count of their own work."""
    counted: frozenset[str] = frozenset()
    for name, evaluation in evaluations.items():
        try:
            counted |= evaluation.check()
        except VoltranError as error:
            raise ScenarioError(f"{name}: {error}") from error
    return counted


def _check_metrics(experiment: EpisodeExperiment, world: str, counted: frozenset[str]) -> None:
    """Metrics are those of the world, or what a controller counts of its own work."""
    named = [("metrics", key) for key in experiment.metrics]
    named += [("answer", quantity.metric) for quantity in quantities(experiment.answer)]
    for field, key in named:
        if declared_metric(key, world) is None and key not in counted:
            known = ", ".join(metric.key for metric in metrics_of(world))
            raise ScenarioError(f"{field}: {key!r} is unknown in {world}; known: {known}")


def _check_pictures(experiment: EpisodeExperiment, worlds: Sequence[str]) -> None:
    """Pictures are those that a world may draw, or those of what is swept."""
    declared = [world_spec(world).picture_names for world in worlds]
    if not all(declared) and not experiment.is_swept:
        return  # whoever declares pictures without their names may draw any
    known = [name for names in declared for name in names]
    if experiment.is_swept:
        known = [swept_picture(key) for key in experiment.metrics]
    for picture in experiment.pictures or ():
        name = picture.partition(ONLY_IN)[0]
        if not any(fnmatchcase(name, pattern) for pattern in known):
            raise ScenarioError(f"pictures: {name!r} is unknown; known: {', '.join(dict.fromkeys(known))}")
