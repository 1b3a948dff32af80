"""What can be known of a sweep before it is played: whether everybody can play every combination."""

from collections.abc import Sequence

from voltran.envs.errors import ScenarioError, VoltranError
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.metrics import declared_metric, metrics_of
from voltran.experiments.episode_experiment import EpisodeExperiment


def check_combinations(experiment: EpisodeExperiment, evaluations: Sequence[Evaluation]) -> None:
    """Let every controller meet every combination once.

    Args:
        experiment: what will be played.
        evaluations: one per situation, in their order.

    Raises:
        ScenarioError: an unknown key or metric, a value out of range, or a controller that cannot play a combination;
            names the combination.
    """
    counted: set[str] = set()
    for situation, evaluation in zip(experiment.situations(), evaluations, strict=True):
        try:
            counted |= evaluation.check()
        except VoltranError as error:
            raise ScenarioError(f"{situation.variant}: {error}") from error
    world = evaluations[0].setting.world
    for key in experiment.metrics:  # those of the world, or what a controller counts of its own work
        if declared_metric(key, world) is None and key not in counted:
            known = ", ".join(metric.key for metric in metrics_of(world))
            raise ScenarioError(f"metrics: {key!r} is unknown in {world}; known: {known}")
