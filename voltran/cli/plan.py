"""``voltran plan``: the program that a controller would solve at a moment, for other solvers to try."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voltran.cli.options import Overrides
from voltran.cli.output import console as open_console
from voltran.cli.output import hand_over, say

if TYPE_CHECKING:
    from voltran.baselines.program import NamedProgram, PlansByProgram
    from voltran.envs.controller import Controller
    from voltran.envs.world import World


def plan(
    scenario: Annotated[str, typer.Argument(help="Scenario: a shipped name or a YAML file.")],
    controller: Annotated[str, typer.Option(help="Who plans, as for evaluate; it plays up to the decision.")] = "msrc",
    seed: Annotated[int, typer.Option(min=0, help="Of the episode.")] = 1000,
    decision: Annotated[int, typer.Option(min=0, help="Which decision; 0 is the first.")] = 0,
    write: Annotated[
        Path | None, typer.Option(help="File for the program, .mps or .lp; without it, it is solved.")
    ] = None,
    program: Annotated[
        str | None, typer.Option(help="Which program, if there are several; the first by default.")
    ] = None,
    time_limit_s: Annotated[float, typer.Option(min=0.0, help="When to give up solving it.")] = 60.0,
    overrides: Overrides = None,
) -> None:
    """Show the program that a planning controller would solve at a decision, or write it to a file."""
    from voltran.baselines.program_files import require_format, write_program
    from voltran.envs.files import require_writable
    from voltran.envs.scenario import parse_overrides

    console = open_console()
    if write is not None:
        require_format(write)
        require_writable(write)
    world, playing, planning = _players(scenario, controller, parse_overrides(overrides or []))
    _play(world, playing, seed, decision)
    chosen = _chosen(planning.programs(world), program, controller, decision)
    say(console, _size(chosen))
    if write is None:
        say(console, _solved(chosen, time_limit_s))
        return
    played = f"scenario {scenario}, controller {controller}, seed {seed}, decision {decision}"
    changed = [f"with {key}" for key in overrides or []]
    write_program(write, chosen.program, [f"{chosen.name}: {played}", *changed, _made_with()])
    hand_over(console, f"Program: {write}")


# --- inside -----------------------------------------------------------------------------------------------------------


def _players(scenario: str, written: str, overrides: dict[str, object]) -> "tuple[World, Controller, PlansByProgram]":
    """A world, the controller that plays it, and the one of its members that plans by programs."""
    from voltran.baselines.program import PlansByProgram
    from voltran.envs.errors import ScenarioError
    from voltran.envs.team import Team
    from voltran.evaluation.controller_spec import parse_controllers
    from voltran.evaluation.setting import Setting

    specs = parse_controllers(written)
    if len(specs) != 1:
        raise ScenarioError(f"controller = {written!r}: name one")
    controller = specs[0].builder()
    members = [*controller.members.values()] if isinstance(controller, Team) else [controller]
    planning = next((member for member in members if isinstance(member, PlansByProgram)), None)
    if planning is None:
        raise ScenarioError(
            f"controller {written!r} solves no program that could be written; choose one that does, such as msrc, "
            "msrc:dispatch=exact, rolling-milp or foresight-milp"
        )
    return Setting(scenario, overrides, {}).build_world(controller), controller, planning


def _play(world: "World", controller: "Controller", seed: int, decision: int) -> None:
    """Play up to a decision."""
    from voltran.envs.errors import ScenarioError

    def beyond(which: str, last: int) -> ScenarioError:
        return ScenarioError(f"decision = {decision}: {which} has the decisions 0 to {last}; choose one of them")

    if decision >= world.max_decisions:
        raise beyond("the longest episode", world.max_decisions - 1)
    world.reset([seed])
    controller.reset(world)
    for done in range(decision):
        transition = world.step(controller.act(world))
        if bool((transition.terminated | transition.truncated)[0]):
            raise beyond("this episode", done)


def _chosen(programs: "list[NamedProgram]", name: str | None, controller: str, decision: int) -> "NamedProgram":
    """The program with a name; the first by default."""
    from voltran.envs.errors import ScenarioError

    if not programs:
        raise ScenarioError(f"decision = {decision}: {controller} has nothing to solve then; choose another decision")
    known = {each.name: each for each in programs}
    if name is not None and name not in known:
        raise ScenarioError(f"program = {name!r}: {controller} has {', '.join(known)}")
    return programs[0] if name is None else known[name]


def _size(named: "NamedProgram") -> str:
    program = named.program
    whole = int(program.integral.sum())
    return (
        f"{named.name}: {program.costs.size} variables, {whole} of them whole; {program.row_lower.size} rows with "
        f"{program.rows.nnz} entries"
    )


def _solved(named: "NamedProgram", time_limit_s: float) -> str:
    """What HiGHS makes of it, beside what the controller itself would choose."""
    from voltran.baselines.solve import solve_milp

    found = solve_milp(named.program, time_limit_s=time_limit_s)
    if found.values is None:
        return f"HiGHS: no solution within {time_limit_s:g} s, {found.status}; give it more with --time-limit-s"
    lines = [
        f"HiGHS: {found.status}, cost {found.objective:.9g}, bound {found.bound:.9g}, gap {100 * found.gap:.3g} %, "
        f"{found.wall_s:.2f} s"
    ]
    if named.cost is not None:
        excess = (named.cost - found.bound) / max(abs(named.cost), 1e-12)
        lines.append(f"Controller: cost {named.cost:.9g}, at most {100 * max(excess, 0.0):.3g} % above the optimum")
    return "\n".join(lines)


def _made_with() -> str:
    from voltran.evaluation.versions import versions

    made_by = versions()
    return f"made with voltran {made_by['voltran']}, commit {made_by['git_commit'] or 'unknown'}"
