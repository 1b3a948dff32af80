"""How far controllers of small networks stay behind the best of all associations. Source: [FDRAN] Section VI-D."""

from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from voltran.baselines.trimsm.exhaustive import best_association, count_associations
from voltran.baselines.trimsm.uplink_settings import InnerControl
from voltran.envs.controller import Controller
from voltran.envs.scenario import Section
from voltran.envs.uplink.world import UplinkWorld
from voltran.evaluation.controller_spec import parse_controllers
from voltran.experiments.calculations.findings import Findings, Table
from voltran.experiments.calculations.one_world import one_world
from voltran.experiments.calculations.working import Working
from voltran.experiments.uplink.convergence import Seeds
from voltran.experiments.uplink.drops import first_moment

EXACT = 0.999
MOST_CANDIDATES = 1_000_000


class OptimumOptions(Section):
    """What to compute.

    Attributes:
        scenario: of the network.
        networks: name to dotted keys of the scenario.
        controllers: whose associations are compared, as on the command line.
        inner: power control under which associations are weighed.
        seeds: of the drops.
    """

    scenario: str = "uplink20-drop"
    networks: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    controllers: Annotated[tuple[str, ...], Field(min_length=1)] = ("trimsm-eipc",)
    inner: InnerControl = "direct"
    seeds: Seeds = (1000, 1001)


def optimum(options: OptimumOptions, working: Working) -> Findings:
    """Energy efficiency of controllers over that of the best association, per network.

    Args:
        options: what to compute.
        working: where to keep what is finished.

    Raises:
        ScenarioError: an unknown controller, or a network with too many associations.
    """
    labels = [spec.label for spec in parse_controllers(options.controllers)]
    tables: list[Table] = []
    values: dict[str, float | None] = {}
    for name, overrides in options.networks.items():
        best = [_best(name, overrides, seed, options, working) for seed in options.seeds]
        shares = {label: _shares(label, overrides, options, best) for label in labels}
        tables.append(_table(name, overrides, options, shares, best))
        values |= {f"{_key(label)}_{len(tables)}_percent": 100.0 * _mean(found) for label, found in shares.items()}
        values |= {f"{_key(label)}_{len(tables)}_worst_percent": 100.0 * min(found) for label, found in shares.items()}
    return Findings(tables=tuple(tables), values=values)


def best_of_all(scenario: str, overrides: dict[str, Any], seed: int, inner: InnerControl) -> list[float]:
    """Energy efficiency in Mbit/J, shortfall in Mbit/s and number of all associations of one drop."""
    found = best_association(first_moment(scenario, overrides, seed), inner, MOST_CANDIDATES)
    return [found.value, found.shortfall, float(found.weighed)]


def _best(name: str, overrides: dict[str, Any], seed: int, options: OptimumOptions, working: Working) -> list[float]:
    asked = (options.scenario, overrides, seed, options.inner)
    best: list[float] = working.part(f"{name}, seed {seed}", partial(best_of_all, *asked), list(asked))
    return best


def _shares(label: str, overrides: dict[str, Any], options: OptimumOptions, best: list[list[float]]) -> list[float]:
    """Efficiency over the best, drop by drop; zero where the best reaches all minimum rates and this does not."""
    spec = parse_controllers([label])[0]
    shares = []
    for seed, (value, shortfall, _) in zip(options.seeds, best, strict=True):
        reached, lacking = _played(spec.builder(), options.scenario, overrides, seed)
        shares.append(0.0 if lacking > 0.0 and shortfall == 0.0 else reached / value)
    return shares


def _played(controller: Controller, scenario: str, overrides: dict[str, Any], seed: int) -> tuple[float, float]:
    world = one_world(UplinkWorld, scenario, overrides)
    world.reset([seed])
    controller.reset(world)
    world.step(controller.act(world))
    metrics = world.kpis()
    return float(metrics["energy_efficiency"][0]), float(metrics["qos_violations"][0])


def _table(
    name: str,
    overrides: dict[str, Any],
    options: OptimumOptions,
    shares: dict[str, list[float]],
    best: list[list[float]],
) -> Table:
    problem = first_moment(options.scenario, overrides, options.seeds[0])
    count = count_associations(problem.n_ubs, problem.n_ues, problem.ubs_per_ue)
    rows = tuple(
        (
            label,
            100.0 * _mean(found),
            100.0 * min(found),
            100.0 * float(np.mean([share >= EXACT for share in found])),
            sum(share == 0.0 for share in found),
        )
        for label, found in shares.items()
    )
    return Table(
        title=name,
        columns=(
            "Controller",
            "Of the optimum (%)",
            "worst drop (%)",
            "Drops within 0.1 % (%)",
            "Drops with violations",
        ),
        rows=rows,
        note=(
            f"{count} associations per drop, {len(best)} drops. Where a controller leaves a UE below its minimum rate "
            "although the optimum does not, the drop counts as 0 %."
        ),
    )


def _mean(shares: list[float]) -> float:
    return float(np.mean(shares))


def _key(label: str) -> str:
    """A label as a name in an answer."""
    return "".join(letter if letter.isalnum() else "_" for letter in label)
