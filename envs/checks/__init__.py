"""Public conformance suite: whole episodes of any PettingZoo ParallelEnv, checked against what learners rely on.

    from voltran.envs.checks import check_env
    print(check_env(lambda: blackout_v0.parallel_env()))

It is stricter than PettingZoo's own tests, which look at single steps: an environment whose observations turn NaN late,
whose seed stops mattering at step 2 or whose buffers are reused passes those and fails here.
"""

from collections.abc import Callable, Collection
from typing import Any

from pettingzoo import AECEnv

from voltran.envs.checks import episodes as _episodes
from voltran.envs.checks import faces as _faces
from voltran.envs.checks import influence as _influence
from voltran.envs.checks import isolation as _isolation
from voltran.envs.checks import seeds as _seeds
from voltran.envs.checks import worlds as _worlds
from voltran.envs.checks.recording import Subject
from voltran.envs.checks.report import ConformanceError, ConformanceReport, run_rules
from voltran.envs.errors import ScenarioError
from voltran.envs.faces.action_counts import masks_ignored_on_purpose

__all__ = ["RULES", "RULES_FOR_OTHERS", "ConformanceError", "ConformanceReport", "check_env"]

Rule = Callable[[Subject], None]

_RULES: tuple[Rule, ...] = (
    _episodes.agents_never_leave,
    _episodes.spaces_stay_the_same,
    _episodes.infos_per_agent,
    _episodes.infos_hold_no_nan,
    _episodes.observations_finite,
    _episodes.observations_in_space,
    _episodes.state_in_space,
    _influence.state_moves,
    _episodes.rewards_finite,
    _episodes.masks_not_empty,
    _episodes.masks_agree,
    _episodes.masks_honest,
    _episodes.episodes_end,
    _episodes.all_end_together,
    _episodes.flags_are_booleans,
    _episodes.truncation_is_not_termination,
    _episodes.global_generators_untouched,
    _isolation.actions_stay_as_given,
    _seeds.seed_replays_in_one_instance,
    _seeds.seed_replays_across_instances,
    _seeds.seed_replays_after_dirty_episode,
    _seeds.seed_replays_after_many_episodes,
    _seeds.seed_replays_across_processes,
    _seeds.seeds_differ,
    _seeds.seed_zero_is_a_seed,
    _seeds.unseeded_resets_vary,
    _influence.observations_tell_something,
    _influence.rewards_go_to_their_agents,
    _influence.observations_go_to_their_agents,
    _influence.rewards_come_in_time,
    _isolation.returned_values_never_change,
    _isolation.writing_into_returned_values_is_harmless,
    _isolation.illegal_input_refused,
    _isolation.illegal_input_changes_nothing,
    _isolation.finished_episodes_refuse_steps,
    _worlds.snapshots_round_trip,
    _worlds.ledger_balances,
    _worlds.replay_fits,
    _faces.aec_face_tells_the_same,
    _faces.central_face_tells_the_same,
    _faces.partial_resets_leave_others_alone,
    _faces.vector_face_tells_the_same,
)

RULES: dict[str, str] = {rule.__name__: (rule.__doc__ or "").strip() for rule in _RULES}
"""Names of all rules, in the order in which they are checked, and what each demands."""
RULES_FOR_OTHERS = frozenset(
    rule.__name__
    for rule in (
        _influence.rewards_go_to_their_agents,
        _influence.observations_go_to_their_agents,
        _influence.rewards_come_in_time,
    )
)
"""Rules that do not apply to worlds of ours, whose faces are compared with each other instead."""


def check_env(
    env_fn: Callable[[], Any],
    *,
    episodes: int = 2,
    seed: int = 1,
    max_steps: int = 10_000,
    skip: Collection[str] = (),
) -> ConformanceReport:
    """Check an environment against all rules.

    Args:
        env_fn: builds a PettingZoo ParallelEnv, ours or any other; cloudpickle must be able to pickle it.
        episodes: seeds to record; each is played with legal actions and again with actions that ignore the masks.
        seed: first of these seeds.
        max_steps: an episode that lasts longer counts as never ending.
        skip: names of rules to leave out.

    Returns:
        Names of the rules checked and kept; ``.not_applicable`` names the others and says why.

    Raises:
        ConformanceError: the first rule broken: rule, agent, step, and what was expected.
        ScenarioError: ``skip`` names a rule that does not exist, or ``env_fn`` builds no ParallelEnv.
    """
    subject = Subject(env_fn, seed, episodes, max_steps)
    _require_parallel(subject)
    with masks_ignored_on_purpose():
        return run_rules(_RULES, subject, skip)


def _require_parallel(subject: Subject) -> None:
    if not callable(subject.env_fn):
        raise ScenarioError(f"check_env: {subject.env_fn!r} is no function; give one that builds an environment")
    env = subject.reference
    if isinstance(env, AECEnv) or not hasattr(env, "possible_agents"):
        raise ScenarioError(
            f"check_env: {type(env).__name__} is no ParallelEnv of PettingZoo; build the parallel face, the others of "
            "a world are checked beside it"
        )
