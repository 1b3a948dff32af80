"""What coalitions of an infrastructure's operators could do with their part of it."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from voltran.baselines.collective.gains import MOST_PLAYERS, game, members, players_of
from voltran.baselines.collective.plan import GAP, TIME_LIMIT_S, plan_all
from voltran.baselines.collective.problem import SharingProblem
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray, IntArray


def coalition_problem(problem: SharingProblem, share: FloatArray, coalition: IntArray) -> SharingProblem:
    """What some sites of an infrastructure could do with their part of it.

    Battery, panels and connection belong to the sites by their shares. Whoever goes takes that part along: capacity,
    limits of power, stored and final energy, wear, panels, and the connection's limit.

    Args:
        problem: of all sites together.
        share: ``[n]`` alpha.
        coalition: the sites.
    """
    part = float(np.asarray(share)[coalition].sum())
    battery = problem.battery._replace(
        capacity_kwh=part * problem.battery.capacity_kwh,
        charge_limit_kw=part * problem.battery.charge_limit_kw,
        discharge_limit_kw=part * problem.battery.discharge_limit_kw,
    )
    return replace(
        problem,
        demand_kwh=problem.demand_kwh[:, coalition],
        solar_kwh=part * problem.solar_kwh,
        grid_limit_kwh=part * problem.grid_limit_kwh,
        stored_kwh=part * problem.stored_kwh,
        final_kwh=part * problem.final_kwh,
        wear_eur=part * problem.wear_eur,
        battery=battery,
        before=None if problem.before is None else problem.before[coalition],
    )


def coalition_costs(
    problem: SharingProblem,
    share: ArrayLike,
    owner: ArrayLike | None = None,
    *,
    gap: float = GAP,
    time_limit_s: float = TIME_LIMIT_S,
    jobs: int = 1,
) -> FloatArray:
    """What every coalition of an infrastructure's owners pays at least, EUR, ``[2^n]``.

    Args:
        problem: of all sites together.
        share: ``[site]`` alpha, positive; they sum to 1.
        owner: ``[site]`` player, from 0 on; every site its own by default.
        gap, time_limit_s, jobs: as in :func:`voltran.baselines.collective.plan.plan_all`.

    Raises:
        ScenarioError: shares that do not sum to 1, players without sites, or too many of them.
    """
    alpha = np.asarray(share, dtype=np.float64)
    if alpha.shape != (problem.n_sites,) or not (alpha > 0.0).all() or abs(alpha.sum() - 1.0) > 1e-6:
        raise ScenarioError(f"share = {share!r}: give each of the {problem.n_sites} sites a positive share, 1 in all")
    owners = np.arange(problem.n_sites) if owner is None else np.asarray(owner)
    players = int(owners.max()) + 1
    if owners.shape != alpha.shape or players > MOST_PLAYERS or set(owners.tolist()) != set(range(players)):
        raise ScenarioError(
            f"owner = {owner!r}: give each site a player, numbered from 0 on without gaps, at most {MOST_PLAYERS}"
        )
    coalitions = [np.flatnonzero(inside[owners]) for inside in members(players)[1:]]
    problems = [coalition_problem(problem, alpha, coalition) for coalition in coalitions]
    plans = plan_all(problems, jobs, gap=gap, time_limit_s=time_limit_s)
    return np.array([0.0, *(plan.cost_eur for plan in plans)])


def savings_game(costs: ArrayLike, reference: ArrayLike) -> FloatArray:
    """The game of what coalitions save.

    Args:
        costs: ``[2^n]`` what each pays.
        reference: ``[n]`` what each player would pay without any of it.
    """
    paid, without = game(costs), np.asarray(reference, dtype=np.float64)
    return members(players_of(paid)) @ without - paid
