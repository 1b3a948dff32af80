"""Programs as files: another reader finds the same program, and another solver the same optimum."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.house import ROOT
from voltran import baselines
from voltran.baselines.program import MixedIntegerProgram, NamedProgram, PlansByProgram, grid, listed
from voltran.baselines.program_files import LONGEST_LINE, write_program
from voltran.baselines.solve import SolverName, solve_milp
from voltran.envs.errors import FileFormatError, VoltranError
from voltran.envs.registry import make_world

ENDINGS = ("mps", "lp")
SOLVERS: tuple[SolverName, ...] = ("highs", "scip")
PLANNERS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "msrc": ("toy3", {}, "msrc", {}),
    "extended": ("toy3", {}, "msrc-extended", {}),
    "levelling": ("toy3", {}, "msrc-levelling", {}),
    "literal": ("urban7-medium", {"cooperation.links": "literal", "users.count": 40}, "msrc", {"evaluations": 1}),
    "few links": ("urban7-medium", {"cooperation.k_max": 1, "users.count": 40}, "msrc", {"evaluations": 1}),
    "exact": ("toy3", {}, "msrc", {"dispatch": "exact"}),
    "carriers": ("toy3", {}, "msrc", {"dispatch": "exact-carriers"}),
    "rolling": ("sharing-toy", {}, "rolling-milp", {"switching_eur": 0.1}),
    "foresight": ("sharing-toy", {}, "foresight-milp", {}),
}


def corner_cases() -> MixedIntegerProgram:
    """All kinds of rows and limits at once, with numbers of many digits; the optimum is not at a corner of the box."""
    inf = np.inf
    return MixedIntegerProgram(
        costs=np.array([1.0 / 3.0, -2.0, 0.0, 1e-7, 5.0, 0.0]),
        lower=np.array([-inf, 0.0, -1.5, -inf, 2.0, 0.0]),
        upper=np.array([inf, 3.7, -0.5, 4.0, 2.0, inf]),
        integral=np.array([False, True, False, False, True, False]),
        rows=csr_array(
            np.array(
                [
                    [1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
                    [1.0, 0.0, 1.0 / 7.0, 0.0, 0.0, 0.0],
                    [0.0, 1.0, 0.0, 1.0, 0.0, 0.0],
                    [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
                    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                ]
            )
        ),
        row_lower=np.array([-inf, -1.0, -2.0, -inf, 0.0]),
        row_upper=np.array([6.25, 2.0, -2.0, inf, 0.0]),
    )


def programs_of(name: str) -> list[NamedProgram]:
    scenario, overrides, controller, options = PLANNERS[name]
    world, planner = make_world(scenario, 1, overrides), baselines.make(controller, **options)
    world.reset([3])
    planner.reset(world)
    if controller != "foresight-milp":  # which plans once, at the beginning
        world.step(planner.act(world))
    assert isinstance(planner, PlansByProgram)
    return planner.programs(world)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[MixedIntegerProgram, Path, Any]]:
    """File name to its program, itself, and what HiGHS reads there."""
    folder, written = tmp_path_factory.mktemp("programs"), {}
    known = {"corner cases": [NamedProgram("all", corner_cases())], **{name: programs_of(name) for name in PLANNERS}}
    for name, programs in known.items():
        for named in programs:
            for ending in ENDINGS:
                path = folder / f"{name} {named.name}.{ending}"
                write_program(path, named.program, ["written by a test"])
                written[path.name] = named.program, path
    reader = [sys.executable, "-m", "tests.baselines.program_reader", *(str(path) for _, path in written.values())]
    done = subprocess.run(reader, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {name: (program, path, found[str(path)]) for name, (program, path) in written.items()}


@pytest.mark.parametrize("name", ["corner cases", *PLANNERS])
def test_others_read_the_same_program_and_find_the_same_optimum(name: str, files: Any) -> None:
    mine = {file: known for file, known in files.items() if file.startswith(f"{name} ")}
    assert len(mine) >= len(ENDINGS)
    for program, path, found in mine.values():
        place = {column: index for index, column in enumerate(program.column_names())}
        order = [place[column] for column in found["columns"]]
        assert sorted(order) == list(range(len(place)))
        assert found["costs"] == program.costs[order].tolist()
        assert found["lower"] == program.lower[order].tolist()
        assert found["upper"] == program.upper[order].tolist()
        assert (found["whole"] or [False] * len(order)) == program.integral[order].tolist()
        limited = np.isfinite(program.row_lower) | np.isfinite(program.row_upper)
        names = [row for row, kept in zip(program.row_names(), limited, strict=True) if kept]
        assert {row.removesuffix("_least") for row in found["rows"]} == set(names)
        assert found["status"] == "Optimal"
        for solver in SOLVERS:
            assert solve_milp(program, solver).objective == pytest.approx(found["optimum"], rel=1e-6, abs=1e-6)
        lines = path.read_text().splitlines()
        assert lines[0].endswith("written by a test")
        assert max(map(len, lines)) <= 2 * LONGEST_LINE


def test_the_controller_is_as_good_as_the_optimum_of_its_program() -> None:
    """With the budget of a large network, the search finds it in three sites."""
    world, planner = make_world("toy3", 1), baselines.make("msrc", evaluations=100_000, look_ups=100_000)
    world.reset([3])
    planner.reset(world)
    assert isinstance(planner, PlansByProgram)
    (stage_1,) = planner.programs(world)
    optimum = solve_milp(stage_1.program)
    assert stage_1.cost == pytest.approx(optimum.objective, rel=1e-6)
    assert optimum.values is not None
    named = dict(zip(stage_1.program.column_names(), optimum.values, strict=True))
    modes = {name for name, value in named.items() if "_mode_" in name and value > 0.5}
    assert len(modes) == 3
    assert all(any(name.startswith(f"site_{site}_mode_") for name in modes) for site in range(3))


@pytest.mark.parametrize("name", ["msrc", "carriers", "rolling"])
def test_asking_changes_nothing(name: str) -> None:
    scenario, overrides, controller, options = PLANNERS[name]
    played = []
    for asks in (False, True):
        world, planner = make_world(scenario, 1, overrides), baselines.make(controller, **options)
        world.reset([3])
        planner.reset(world)
        for _ in range(4):
            if asks:
                planner.programs(world)  # type: ignore[attr-defined]
            world.step(planner.act(world))
        played.append({key: value[0] for key, value in world.kpis().items()})
    first, second = played
    np.testing.assert_equal(first, second)  # where there is nothing to tell, both are NaN


@pytest.mark.parametrize("path", ["plan.txt", "plan", "plan.mps.gz"])
def test_another_ending_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"no format of programs; end it in \.mps or \.lp"):
        write_program(tmp_path / path, corner_cases())
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VoltranError, match=r"plan\.mps: cannot be written"):
        write_program(tmp_path / "file" / "plan.mps", corner_cases())


def test_names_follow_places() -> None:
    bands = [f"on_site_{site}_band_{band}" for site in (0, 1) for band in (3, 5)]
    assert grid("on", site=2, band=[3, 5]).names() == bands
    links = listed("link", helper=np.array([4, 2]), needy=["a", "b"])
    assert links.names() == ["link_helper_4_needy_a", "link_helper_2_needy_b"]
    assert grid("total").names() == ["total"]
    assert grid("", site=1).names() == ["site_0"]
    assert grid("none", slot=0).names() == listed("none", slot=[]).names() == []
