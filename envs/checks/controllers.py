"""Public conformance suite for controllers: whether they can be trusted in tables, batches and training.

from voltran.envs.checks.controllers import check_controller
print(check_controller(MyRule, scenarios=["toy3"]))
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from voltran.envs.checks import controller_rules as _rules
from voltran.envs.checks import knowledge_rules as _knowledge
from voltran.envs.checks.playing import Trial
from voltran.envs.checks.report import ConformanceReport, run_rules
from voltran.envs.controller import Controller
from voltran.envs.errors import ScenarioError

__all__ = ["CONTROLLER_RULES", "check_controller"]

Rule = Callable[[Trial], None]

_RULES: tuple[Rule, ...] = (
    _rules.says_what_it_is,
    _rules.plays_without_error,
    _rules.masks_kept,
    _rules.world_left_alone,
    _rules.global_generators_left_alone,
    _rules.same_in_every_instance,
    _rules.same_after_other_episodes,
    _rules.same_after_unfinished_episode,
    _rules.chosen_actions_never_change,
    _rules.writing_into_chosen_actions_is_harmless,
    _rules.what_worlds_return_is_not_kept,
    _rules.batches_like_single_worlds,
    _rules.same_after_other_worlds,
    _rules.counters_are_numbers,
    _knowledge.local_means_own,
    _knowledge.future_unknown,
)

CONTROLLER_RULES: dict[str, str] = {rule.__name__: (rule.__doc__ or "").strip() for rule in _RULES}
"""Names of all rules, in the order in which they are checked, and what each demands."""


def check_controller(
    make: Callable[[], Controller],
    scenarios: str | Path | Sequence[str | Path] = ("toy3", "urban7-medium"),
    *,
    seeds: Sequence[int] = (1, 2),
    decisions: int = 6,
    skip: Collection[str] = (),
) -> ConformanceReport:
    """Check a controller against all rules.

    Args:
        make: builds a fresh one: its class, or a function.
        scenarios: names of shipped scenarios or paths of YAML files, or one; it must play them all. Where no
            two episodes differ, some rules find nothing, and say so. Roles that it leaves out act at random.
        seeds: of episodes; at least two.
        decisions: played of each episode, at least 2.
        skip: names of rules to leave out.

    Returns:
        Names of the rules checked and kept; ``.not_applicable`` names the others and says why.

    Raises:
        ConformanceError: the first rule broken: rule, agent, decision, and what was expected.
        ScenarioError: no scenario, fewer than two seeds or decisions, ``skip`` names a rule that does not exist, or
            ``make`` builds no controllers.
    """
    _require_builder(make)
    scenarios = [scenarios] if isinstance(scenarios, str | Path) else scenarios
    if not scenarios or len(set(seeds)) < 2 or decisions < 2:
        raise ScenarioError(
            f"scenarios = {list(scenarios)}, seeds = {list(seeds)}, decisions = {decisions}: give at least one "
            "scenario, two different seeds and two decisions"
        )
    trial = Trial(make, [str(scenario) for scenario in scenarios], seeds, decisions)
    return run_rules(_RULES, trial, skip)


def _require_builder(make: object) -> None:
    """Make sure that there is something that builds controllers."""
    if isinstance(make, str):
        remedy = f"for a reference, lambda: voltran.make_controller({make!r})"
    elif not callable(make):
        remedy = "its class, or a function, since rules compare fresh ones"
    elif not isinstance(built := make(), Controller):
        raise ScenarioError(f"check_controller: {make!r} builds {built!r}, which lacks reset or act; define both")
    else:
        return
    raise ScenarioError(f"check_controller: {make!r} builds no controllers; give {remedy}")
