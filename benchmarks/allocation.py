"""Solvers of power allocation over sizes, cost models and regimes."""

from typing import Any

import numpy as np

from benchmarks.measure import Aim, Section, Stopwatch, number, timed
from voltran.baselines.dpa import Allocation, AllocationProblem, solve
from voltran.baselines.dpa.paper_cases import FIXED_W, MODES, REGIMES, RegimeName, paper_problem

# sites, retailers
SIZES = ((8, 2), (8, 3), (8, 5), (19, 2), (19, 3), (19, 5), (60, 3), (300, 3), (300, 5), (1200, 3), (1200, 5))
QUICK_SIZES = SIZES[:2]
REPEATS, AIMED_AT = 5, 31
# The dual gradient is given so many rounds; a tenth of them from this many sites on.
ROUNDS, LARGE = 2000, 300


def allocation_sizes(quick: bool) -> Section:
    """Time and iterations of three solvers over sizes, in both cost models and two regimes."""
    section = Section(
        "Power allocation: sizes",
        "Random problems: sites as large as the paper's, half of them with a battery that gives up to a fifth of their "
        "demand, capacities 10 % above all demand, costs 50 to 300 USD/MWh, value of lost load 3 USD/kWh. CPU time "
        "in ms, and iterations in brackets; for `newton` steps and sweeps together. `dual_gradient` has momentum; > is "
        f"where it had not converged to a residual and gap of 1e-4 within {ROUNDS} rounds ({ROUNDS // 10} from {LARGE} "
        "sites on).",
        ["sites x retailers", "costs", "regime", "`interior_point`", "`newton`", "`dual_gradient`"],
    )
    for sites, retailers in QUICK_SIZES if quick else SIZES:
        for quadratic in (False, True):
            for regime in ("C", "D"):
                problem = _draw(sites, retailers, quadratic, regime)
                rounds = ROUNDS if sites < LARGE else ROUNDS // 10
                settings: dict[str, dict[str, Any]] = {
                    "interior_point": {},
                    "newton": {},
                    "dual_gradient": {"momentum": True, "max_iterations": rounds},
                }
                costs = "quadratic" if quadratic else "linear"
                cells = [_cell(problem, method, given, quick) for method, given in settings.items()]
                section.rows.append([f"{sites} x {retailers}", costs, regime, *cells])
    section.aims = [
        Aim("`interior_point`, 8 sites x 2 retailers", 1e3 * _time(_draw(8, 2, True, "D"), quick), 10.0, "ms", True),
        Aim("`interior_point`, 1200 sites x 5 retailers", _time(_draw(1200, 5, True, "D"), quick), 1.0, "s", True),
    ]
    return section


def allocation_modes(quick: bool) -> Section:
    """Iterations in the paper's own cases."""
    section = Section(
        "Power allocation: the paper's cases",
        "Four sites, two retailers, everybody served, at the highest arrival rate. Iterations, with CPU time in ms in "
        "brackets. `dual_gradient` as printed but in steps that cannot overshoot, and with momentum; the paper reports "
        f"3 iterations for its method. > is where it had not converged within {ROUNDS} rounds.",
        ["regime", "costs", "mode", "`interior_point`", "`newton`", "`dual_gradient`", "with momentum"],
    )
    for regime in list(REGIMES)[-1:] if quick else REGIMES:
        for quadratic in (False, True):
            for mode in MODES:
                problem = paper_problem(mode, quadratic=quadratic, regime=regime)
                cells = [
                    _counted(*_once(problem, "interior_point")),
                    _counted(*_once(problem, "newton")),
                    *(
                        _counted(*_once(problem, "dual_gradient", momentum=momentum, max_iterations=ROUNDS))
                        for momentum in (False, True)
                    ),
                ]
                section.rows.append([regime, "quadratic" if quadratic else "linear", str(mode), *cells])
    return section


def _draw(sites: int, retailers: int, quadratic: bool, regime: RegimeName) -> AllocationProblem:
    rng = np.random.default_rng(0)
    demand_w = rng.choice(FIXED_W[:2], sites) * rng.uniform(0.3, 1.0, sites)
    units = REGIMES[regime]
    return AllocationProblem.from_watts(
        1.1 * demand_w.sum() * rng.dirichlet(np.full(retailers, 3.0)),
        demand_w,
        rng.uniform(50.0, 300.0, retailers) * (units.quadratic if quadratic else units.linear),
        rng.integers(0, retailers, sites).tolist(),
        np.where(rng.random(sites) < 0.5, 0.2 * demand_w, 0.0),
        quadratic=quadratic,
        reference_kw=units.reference_kw,
    )


def _cell(problem: AllocationProblem, method: str, settings: dict[str, Any], quick: bool) -> str:
    found, cpu_s = _once(problem, method, **settings)
    if not quick and cpu_s < 0.2:
        cpu_s = timed(lambda: solve(problem, method, **settings), REPEATS).cpu_s
    mark = "" if found.status == "optimal" else ">"
    return f"{number(1e3 * cpu_s)} ({mark}{found.iterations})"


def _once(problem: AllocationProblem, method: str, **settings: Any) -> tuple[Allocation, float]:
    with Stopwatch() as watch:
        found = solve(problem, method, **settings)
    return found, watch.cpu_s


def _time(problem: AllocationProblem, quick: bool) -> float:
    return timed(lambda: solve(problem), 1 if quick else AIMED_AT).cpu_s


def _counted(found: Allocation, cpu_s: float) -> str:
    return f"{'' if found.status == 'optimal' else '>'}{found.iterations} ({number(1e3 * cpu_s)})"
