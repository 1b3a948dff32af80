"""What matchings of the outage are worth: against full recomputation, the physics, brute force and limits by hand."""

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import outage_world
from tests.envs.episodes import started
from voltran.baselines.trimsm.matching import MatchingSettings, Report, apply_move, improve
from voltran.baselines.trimsm.moves import legal_moves
from voltran.baselines.trimsm.outage_blocks import SiteBlocks
from voltran.baselines.trimsm.outage_evaluator import OutageEvaluator
from voltran.baselines.trimsm.outage_problem import outage_problem
from voltran.baselines.trimsm.outage_settings import TrimsmSettings
from voltran.baselines.trimsm.outage_sites import BANDS, POWER_KW
from voltran.envs.blackout.world import BlackoutWorld
from voltran.physics.association import Association
from voltran.physics.power import HELPING, NORMAL, site_power_kw
from voltran.physics.radio import link_rate_mbps, total_power_mw
from voltran.physics.scheduler import schedule

LIGHT = {"traffic.load_factor": 0.5}
SEARCH = MatchingSettings(block_moves=True, swaps=False)


def evaluator(world: BlackoutWorld, **settings: Any) -> OutageEvaluator:
    return OutageEvaluator(outage_problem(world, 0, TrimsmSettings(**settings)))


def matched(judge: OutageEvaluator, search: MatchingSettings = SEARCH) -> Report:
    """The matching that TriMSM finds from where users go while all are awake."""
    blocks = SiteBlocks(judge)
    report = improve(blocks.chosen(judge.problem.alive), judge, judge.problem.limits, search, blocks)
    judge.load(report.association)
    return report


def random_association(judge: OutageEvaluator, seed: int, awake: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Clusters with random allowed sites out of a few, some with none."""
    generator = np.random.default_rng(seed)
    allowed = judge.problem.limits.allowed
    chosen = np.zeros(allowed.shape[0], dtype=bool)
    chosen[generator.permutation(chosen.size)[:awake]] = True
    liking = generator.random(allowed.shape) * (allowed & chosen[:, None])
    served = (liking.max(axis=0) > 0.0) & (generator.random(allowed.shape[1]) < 0.9)
    association = np.zeros_like(allowed)
    association[liking.argmax(axis=0)[served], np.flatnonzero(served)] = True
    return association


@pytest.mark.parametrize("reading", ["adapted", "literal"])
@pytest.mark.parametrize("awake", [1, 3, 7])
def test_moves_are_worth_what_full_recomputation_says(reading: str, awake: int) -> None:
    judge = evaluator(started(outage_world("urban7-medium")), reading=reading, q=1.5)
    judge.load(random_association(judge, 0, awake))
    moves = legal_moves(judge.association, judge.problem.limits, swaps=True)
    value, shortfall = judge.evaluate(moves)
    for index in np.random.default_rng(1).choice(len(moves.client), 80, replace=False):
        after = judge.association.copy()
        apply_move(after, moves, index)
        expected = judge.evaluate_association(after)
        assert value[index] == pytest.approx(expected[0], abs=1e-9)
        assert shortfall[index] == pytest.approx(expected[1], abs=1e-9)
    judge.apply(moves, 5)
    assert judge.current()[0] == pytest.approx(value[5], abs=1e-9)


def physical_power_kw(judge: OutageEvaluator, site: int, mode: int, bands: int) -> float:
    """Power of a site that serves its clusters' users within its radius, by the world's radio and scheduler."""
    problem, constants = judge.problem, judge.problem.constants
    radio, n_users = constants.radio, problem.demand_mbps.size
    sending = np.full(constants.n_sites, constants.all_bands)
    total = total_power_mw(problem.received_mw, np.where(judge.awake, NORMAL, 3), sending, judge.awake, radio)
    held = judge.association[site][problem.clusters.of_user]
    near = problem.distance_m[site] <= constants.mode_radius_m[mode]
    server = np.where(held & near, site, -1).astype(np.int16)
    rate = np.zeros((constants.n_bands, n_users))
    for user, band in product(np.flatnonzero(server >= 0).tolist(), range(constants.n_bands)):
        rate[band, user] = link_rate_mbps(problem.received_mw, total, band, site, user, mode == HELPING, radio)
    every_mode, every_band = np.full(constants.n_sites, mode), np.full(constants.n_sites, bands)
    weight = np.ones(n_users)
    plan = schedule(Association(server, rate), every_mode, every_band, problem.demand_mbps, weight, constants.scheduler)
    assert plan.resource_use[site].max() < 1.0, "the comparison is exact where no band is full"
    return float(site_power_kw(mode, bands, plan.resource_use[site], plan.traffic_mbps[site], constants.power))


def test_planned_power_of_sites_is_the_physics() -> None:
    judge = evaluator(started(outage_world("urban7-medium", overrides=LIGHT)))
    matched(judge)
    modes = judge.holdings.modes
    planned = judge.holdings.operations(modes)
    assert judge.awake.any()
    for site in np.flatnonzero(judge.awake).tolist():
        expected = physical_power_kw(judge, site, int(modes[site]), int(planned[site, BANDS]))
        assert planned[site, POWER_KW] == pytest.approx(expected, rel=1e-6)


def test_matchings_keep_out_of_reach_and_dead_sites_idle() -> None:
    overrides = {"battery.initial_soc": [0.8, 0.2, 0.8, 0.8, 0.3, 0.8, 0.8]}
    judge = evaluator(started(outage_world("urban7-medium", overrides=overrides)))
    report = matched(judge)
    clusters, constants = judge.problem.clusters, judge.problem.constants
    assert not report.association[1].any()
    assert (report.association.sum(axis=0) <= 1).all()
    for site, cluster in np.argwhere(report.association):
        members = clusters.of_user == cluster
        assert judge.problem.distance_m[site, members].min() <= constants.mode_radius_m[HELPING]


class Recorder(OutageEvaluator):
    """Writes down what the search goes through."""

    def __init__(self, *arguments: Any) -> None:
        self.path: list[tuple[float, float]] = []
        super().__init__(*arguments)

    def load(self, association: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        """Load, and remember value and shortfall."""
        super().load(association)
        self.path.append(self.current())


def test_every_accepted_move_lowers_the_shortfall_or_j() -> None:
    overrides = {"battery.initial_soc": [0.3, 0.8, 0.25, 0.7, 0.4, 0.8, 0.5]}
    world = started(outage_world("urban7-medium", overrides=overrides))
    judge = Recorder(outage_problem(world, 0, TrimsmSettings(floor=0.9)))
    judge.path.clear()
    report = matched(judge)
    path = judge.path[: report.moves + report.blocks + 1]
    assert len(path) > 5
    for (value, shortfall), (next_value, next_shortfall) in pairwise(path):
        assert next_shortfall < shortfall or (next_shortfall == shortfall and next_value > value)


def test_a_high_price_sheds_nothing_that_fits() -> None:
    """At light load three bands carry everybody: what goes unserved is out of everybody's reach."""
    judge = evaluator(started(outage_world("urban7-medium", overrides=LIGHT)), mu=1e6, floor=0.0)
    report = matched(judge)
    everybody = judge.evaluate_association(SiteBlocks(judge).chosen(judge.problem.alive))
    assert report.value >= everybody[0]
    reachable = np.asarray(SiteBlocks(judge).chosen(judge.awake).any(axis=0))
    assert report.association[:, reachable].any(axis=0).all()


def test_without_a_price_everything_without_a_floor_is_shed() -> None:
    judge = evaluator(started(outage_world("urban7-medium", overrides=LIGHT)), mu=0.0, floor=0.0)
    report = matched(judge)
    assert not report.association.any()
    asleep_kw = judge.problem.constants.power.sleep_w / 1000.0
    expected = (asleep_kw / judge.problem.energy_kwh).sum() / judge.reference
    assert -report.value == pytest.approx(expected)


def test_the_floor_is_kept_whatever_the_price() -> None:
    judge = evaluator(started(outage_world("urban7-medium", overrides=LIGHT)), mu=0.0)
    report = matched(judge)
    assert report.shortfall == 0.0
    assert report.association.any()


SMALL = {
    "users.count": 6,
    "users.positions_m": [[-100, 0], [230, 0], [240, 40], [500, 60], [780, 0], [1000, 120]],
    "users.classes": ["voice", "essential", "best_effort", "essential", "best_effort", "voice"],
    "battery.initial_soc": [0.8, 0.3, 0.6],
}


@pytest.mark.parametrize("mu", [0.2, 1.0, 10.0])
def test_matchings_of_a_small_network_are_near_the_best_of_all(mu: float) -> None:
    judge = evaluator(started(outage_world("toy3", overrides=SMALL)), mu=mu, floor=0.0)
    n_sites, n_clusters = judge.problem.limits.allowed.shape
    best = -np.inf
    for servers in product(range(-1, n_sites), repeat=n_clusters):
        association = np.zeros((n_sites, n_clusters), dtype=bool)
        for cluster, site in enumerate(servers):
            if site >= 0:
                association[site, cluster] = True
        if (association <= judge.problem.limits.allowed).all():
            best = max(best, judge.evaluate_association(association)[0])
    value = matched(judge).value
    assert value <= best + 1e-9
    assert -value <= -best * 1.1
