"""One program for each learning library: train on some decisions, then play the published seeds beside ``static``."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

import rich

import voltran
from voltran import baselines
from voltran.envs.errors import VoltranError
from voltran.envs.libraries import require_library
from voltran.envs.registry import spec_of_scenario
from voltran.evaluation.results import Results
from voltran.evaluation.terminal_tables import terminal_table


def options(library: str, decisions: int, on_cluster: bool = False) -> Namespace:
    """What the command line says, and what follows: ``scenario``, ``decisions``, ``seeds``, ``reward``, ``reference``.

    One that can train on a cluster is told its ``address``, and by how many ``runners`` environments are played there.

    Without the library, or with a version of it that is known not to work, the program ends here, and says what to do.
    """
    parser = ArgumentParser(prog=f"python -m examples.libraries.{Path(sys.argv[0]).stem}", description=__doc__)
    parser.add_argument("--scenario", default="urban7-medium", help="name or YAML file")
    parser.add_argument("--decisions", type=_positive, default=decisions, help="of all agents together, to train on")
    parser.add_argument("--seeds", type=_positive, default=5, help="episodes to play afterwards: seeds from 1000 on")
    parser.add_argument("--quick", action="store_true", help="as little as shows that it works")
    if on_cluster:
        parser.add_argument("--address", help="of a Ray cluster, such as auto; without it, this process plays")
        parser.add_argument("--runners", type=_positive, help="processes that play; 2 on a cluster by default")
    chosen = parser.parse_args()
    if on_cluster:
        chosen.runners = chosen.runners or (2 if chosen.address else 0)
    if chosen.quick:
        chosen.scenario, chosen.decisions, chosen.seeds = "toy3", 200, 1
    try:
        require_library(library)
        chosen.reward = spec_of_scenario(chosen.scenario).training_reward
        chosen.reference = _reference(chosen.scenario)
    except VoltranError as error:
        sys.exit(f"{parser.prog}: {error}")
    return chosen


def show(results: Results, illegal: int, taken: int) -> None:
    """Print what came of it, and how many of the actions in training were illegal."""
    rich.print(terminal_table(results))
    print(f"Illegal actions in training: {illegal} of {taken}.")


def _reference(scenario: str) -> str:
    """Whom to play beside: ``static`` where there is one, in a team where the world has more roles."""
    spec = spec_of_scenario(scenario)
    first, *others = (role.name for role in voltran.make_world(scenario).roles)
    usual = "static" if "static" in baselines.names(spec.name) else spec.default_opponents.get(first, "random")
    team = {first: usual, **{role: spec.default_opponents[role] for role in others}}
    return "+".join(f"{role}={name}" for role, name in team.items()) if others else usual


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)
