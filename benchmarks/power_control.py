"""What the uplink's power control costs: SLMDB step by step, and the direct method in its place."""

from typing import Any

import numpy as np

from benchmarks.measure import Aim, Section, Stopwatch, number
from voltran.baselines.trimsm.power_control import PowerControl, optimise_power, steps_until
from voltran.envs.scenario import apply_overrides, validated
from voltran.envs.uplink.architecture import build_architecture
from voltran.envs.uplink.deployment import build_problem, draw_deployment, radio_constants
from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.physics.arrays import BoolArray

SIZES = ((8, 20), (10, 20), (20, 20), (20, 40))
METHODS: dict[str, dict[str, Any]] = {
    "slmdb": {"method": "slmdb"},
    "single": {"method": "slmdb", "dinkelbach_steps": 1},
    "direct": {"method": "direct"},
    "eipc": {"method": "eipc"},
}
RATIOS = (("direct", "slmdb"), ("eipc", "direct"))
Case = tuple[UplinkProblem, BoolArray]


def power_control(quick: bool) -> Section:
    """Steps, times and efficiencies of the methods in random drops."""
    section = Section(
        "Power control of the uplink",
        "Drops of K UEs and M UBSs with a minimum rate of 20 Mbit/s, each UE served by the `ubs_per_ue` UBSs that hear "
        "it best. Steps are outer steps of SLMDB until the energy efficiency (EE) changes by less than 1e-3 or 1e-4. "
        "Times are CPU times of a call: of SLMDB until 1e-4, with Dinkelbach's method run to its end or stopped after "
        "one step, of the direct method, and of EIPC. Ratios of EE are the least and the largest of all drops; EIPC "
        "does not look at minimum rates, and may be ahead where they are hard to reach.",
        ["K/M", "steps to 1e-3", "to 1e-4", "SLMDB, ms", "one Dinkelbach step, ms", "direct, ms", "EIPC, ms"],
    )
    section.head.extend(["EE, direct : SLMDB", "EE, EIPC : direct"])
    for n_ues, n_ubs in SIZES:
        cases = [_case(n_ues, n_ubs, seed) for seed in range(2 if quick else 20)]
        found = {name: _measured(cases, options) for name, options in METHODS.items()}
        times_ms = {name: 1e3 * watch.cpu_s / watch.calls for name, (_, watch) in found.items()}
        section.rows.append([f"{n_ues}/{n_ubs}", *_steps(found["slmdb"][0]), *map(number, times_ms.values())])
        section.rows[-1].extend(_ratio(found[one][0], found[other][0]) for one, other in RATIOS)
        section.aims = [Aim(f"direct power control, K/M = {n_ues}/{n_ubs}", times_ms["direct"], 30.0, "ms", True)]
    return section


def _case(n_ues: int, n_ubs: int, seed: int) -> Case:
    data = apply_overrides({"name": "drop", "world": "uplink_v0"}, {"layout.n_ubs": n_ubs, "ues.count": n_ues})
    scenario = validated(UplinkScenario, data, "drop")
    architecture = build_architecture(scenario, "fd-ran")
    deployment = draw_deployment(scenario, architecture, seed)
    rate_min_mbps = np.full(n_ues, scenario.quality.rate_min_mbps)
    problem = build_problem(architecture, radio_constants(scenario), deployment, rate_min_mbps, np.arange(n_ues))
    rank = np.argsort(np.argsort(-problem.gain, axis=0), axis=0)
    return problem, np.asarray(rank < problem.ubs_per_ue)


def _measured(cases: list[Case], options: dict[str, Any]) -> tuple[list[PowerControl], Stopwatch]:
    """Results and their time; the first call, which may compile kernels, is not counted."""
    optimise_power(*cases[0], **options)
    watch, results = Stopwatch(), []
    for case in cases:
        with watch:
            results.append(optimise_power(*case, **options))
    return results, watch


def _steps(results: list[PowerControl]) -> list[str]:
    return [f"{np.mean([steps_until(each.efficiencies, share) for each in results]):.0f}" for share in (1e-3, 1e-4)]


def _ratio(results: list[PowerControl], others: list[PowerControl]) -> str:
    ratios = [one.efficiencies[-1] / other.efficiencies[-1] for one, other in zip(results, others, strict=True)]
    return f"{min(ratios):.3f} to {max(ratios):.3f}"
