"""Who serves whom, at what rate and for how much power: the part of the outage world that changes rarely.

The result stays valid until commands, demands or live sites change, so it is computed only then.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.physics.arrays import BoolArray, FloatArray, Int16Array, IntArray, RealArray
from voltran.physics.association import associate
from voltran.physics.compiled import kernel
from voltran.physics.ordering import surpasses
from voltran.physics.power import PowerParameters, site_power_kw
from voltran.physics.radio import RadioParameters, link_rate_mbps, total_power_mw
from voltran.physics.scheduler import Schedule, SchedulerParameters, schedule

N_CLASSES = 4
BEST_EFFORT = 3


class Population(NamedTuple):
    """Users of all worlds, and what they would receive from each site.

    Attributes:
        received_mw: ``[B, band, site, user]``.
        distance_m: ``[B, site, user]``, float32.
        service_class: ``[B, user]``, 0 emergency to 3 best effort.
        demand_mbps: ``[B, user]``.
        minimum_mbps: ``[B, user]`` rate from which a user of the first three classes counts as served.
        weight: ``[B, user]`` priority weights.
        home: ``[B, user]`` best site while all are in normal operation.
        second: ``[B, user]`` best other site within the expanded radius if home is off, -1 if there is none.
        servable: ``[B, user]`` whether some site within the nominal radius can serve the user while all are in normal
            operation: coverage, not capacity.
    """

    received_mw: RealArray
    distance_m: NDArray[np.float32]
    service_class: Int16Array
    demand_mbps: FloatArray
    minimum_mbps: FloatArray
    weight: FloatArray
    home: Int16Array
    second: Int16Array
    servable: BoolArray


class Service(NamedTuple):
    """The result; ``home_*`` arrays ``[B, site]`` are about the users whose home the site is.

    Availability counts the users whom normal operation could serve (``Population.servable``): nobody loses a service
    that there was none of before. Satisfaction, loss and traffic count everybody.

    Attributes:
        server: ``[B, user]`` serving site, -1 for none.
        anchor: ``[B, user]`` last serving site before the latest change.
        last_server: ``[B, user]`` last serving site up to now.
        rate_mbps: ``[B, user]`` served rate.
        resource_use, traffic_mbps: ``[B, site, band]``.
        power_kw: ``[B, site]``, zero for sites that are down.
        band_bits: ``[B, site]`` bit sets of the bands that are on.
        ev_limit_kw: ``[B, site]`` limit of vehicle power beside that of the commands, infinite where there is none.
        uncovered_share: ``[B]`` share of users whom normal operation could not serve.
        availability: ``[B, class]``; best effort: mean satisfaction.
        critical: ``[B]`` availability of emergency and voice users together.
        satisfaction: ``[B]`` mean of min(1, r / D) over users.
        weighted_loss: ``[B]`` priority-weighted mean of 1 - min(1, r / D).
        served_mbps: ``[B]`` traffic carried.
        asked_mbps: ``[B]`` traffic asked for.
        home_service: mean satisfaction.
        home_critical: availability of critical users (1 where there are none).
        home_handovers: handovers of the latest change.
    """

    server: Int16Array
    anchor: Int16Array
    last_server: Int16Array
    rate_mbps: FloatArray
    resource_use: FloatArray
    traffic_mbps: FloatArray
    power_kw: FloatArray
    band_bits: IntArray
    ev_limit_kw: FloatArray
    uncovered_share: FloatArray
    availability: FloatArray
    critical: FloatArray
    satisfaction: FloatArray
    weighted_loss: FloatArray
    served_mbps: FloatArray
    asked_mbps: FloatArray
    home_service: FloatArray
    home_critical: FloatArray
    home_handovers: FloatArray


def empty_service(n_worlds: int, n_sites: int, n_users: int, n_bands: int) -> Service:
    """Arrays of the right shapes, nobody served yet."""

    def nobody() -> Int16Array:
        return np.full((n_worlds, n_users), -1, dtype=np.int16)

    def per_site() -> FloatArray:
        return np.zeros((n_worlds, n_sites))

    return Service(
        server=nobody(),
        anchor=nobody(),
        last_server=nobody(),
        rate_mbps=np.zeros((n_worlds, n_users)),
        resource_use=np.zeros((n_worlds, n_sites, n_bands)),
        traffic_mbps=np.zeros((n_worlds, n_sites, n_bands)),
        power_kw=per_site(),
        band_bits=np.zeros((n_worlds, n_sites), dtype=np.int64),
        ev_limit_kw=np.full((n_worlds, n_sites), np.inf),
        uncovered_share=np.zeros(n_worlds),
        availability=np.zeros((n_worlds, N_CLASSES)),
        critical=np.zeros(n_worlds),
        satisfaction=np.zeros(n_worlds),
        weighted_loss=np.zeros(n_worlds),
        served_mbps=np.zeros(n_worlds),
        asked_mbps=np.zeros(n_worlds),
        home_service=per_site(),
        home_critical=per_site(),
        home_handovers=per_site(),
    )


@kernel
def refresh(
    where: BoolArray,
    mode: IntArray,
    bands: IntArray,
    radius_m: FloatArray,
    alive: BoolArray,
    population: Population,
    service: Service,
    radio: RadioParameters,
    scheduler: SchedulerParameters,
    power: PowerParameters,
) -> None:
    """Recompute ``service`` in place for the worlds in ``where``; ``mode`` to ``alive`` are ``[B, site]``."""
    for w in range(where.shape[0]):
        if not where[w]:
            continue
        demand = population.demand_mbps[w]
        association = associate(
            population.received_mw[w],
            population.distance_m[w],
            mode[w],
            bands[w],
            radius_m[w],
            alive[w],
            service.anchor[w],
            demand,
            radio,
        )
        plan = schedule(association, mode[w], bands[w], demand, population.weight[w], scheduler)
        service.ev_limit_kw[w] = np.inf
        enter(w, association.server, plan, mode[w], bands[w], alive[w], population, service, power)


@kernel
def enter(
    w: int,
    server: Int16Array,
    plan: Schedule,
    mode: IntArray,
    bands: IntArray,
    alive: BoolArray,
    population: Population,
    service: Service,
    power: PowerParameters,
) -> None:
    """Enter in place who serves whom in one world, and what follows; ``mode`` to ``alive`` are ``[site]``."""
    service.server[w] = server
    service.band_bits[w] = bands
    service.rate_mbps[w] = plan.rate_mbps
    service.resource_use[w] = plan.resource_use
    service.traffic_mbps[w] = plan.traffic_mbps
    for site in range(mode.shape[0]):
        service.power_kw[w, site] = 0.0
        if alive[site]:
            service.power_kw[w, site] = site_power_kw(
                mode[site], bands[site], plan.resource_use[site], plan.traffic_mbps[site], power
            )
    _summarise(w, population, service)


@kernel
def _count_handovers(w: int, population: Population, service: Service) -> None:
    """Handovers of one world by home site, and who has served each user last."""
    service.home_handovers[w] = 0.0
    for user in range(population.home.shape[1]):
        server, anchor = service.server[w, user], service.anchor[w, user]
        if server >= 0 and anchor >= 0 and anchor != server:
            service.home_handovers[w, population.home[w, user]] += 1.0
        service.last_server[w, user] = server if server >= 0 else anchor


@kernel
def _enjoyed(w: int, user: int, population: Population, service: Service) -> tuple[float, float]:
    """A user's satisfaction, and what it adds to the availability of its class."""
    rate = service.rate_mbps[w, user]
    satisfaction = min(1.0, rate / population.demand_mbps[w, user])
    if population.service_class[w, user] == BEST_EFFORT:
        return satisfaction, satisfaction
    return satisfaction, 1.0 if rate >= population.minimum_mbps[w, user] else 0.0


@kernel
def _summarise(w: int, population: Population, service: Service) -> None:
    """Availability, satisfaction and handovers of one world from its served rates. Source: minimum of [MSRC] Eq. 10."""
    n_users = population.home.shape[1]
    n_sites = service.power_kw.shape[1]
    _count_handovers(w, population, service)
    members = np.zeros(N_CLASSES)
    served = np.zeros(N_CLASSES)
    home_users, home_critical_users = np.zeros(n_sites), np.zeros(n_sites)
    home_satisfaction, home_critical_served = np.zeros(n_sites), np.zeros(n_sites)
    total, loss, weight_sum, traffic = 0.0, 0.0, 0.0, 0.0
    for user in range(n_users):
        satisfaction, available = _enjoyed(w, user, population, service)
        kind, home = population.service_class[w, user], population.home[w, user]
        if population.servable[w, user]:
            members[kind] += 1.0
            served[kind] += available
            if kind < 2:
                home_critical_users[home] += 1.0
                home_critical_served[home] += available
        total += satisfaction
        traffic += service.rate_mbps[w, user]
        loss += population.weight[w, user] * (1.0 - satisfaction)
        weight_sum += population.weight[w, user]
        home_users[home] += 1.0
        home_satisfaction[home] += satisfaction
    for kind in range(N_CLASSES):
        service.availability[w, kind] = served[kind] / members[kind] if members[kind] > 0.0 else 1.0
    service.uncovered_share[w] = 1.0 - members.sum() / n_users
    critical_users = members[0] + members[1]
    service.critical[w] = (served[0] + served[1]) / critical_users if critical_users > 0.0 else 1.0
    service.satisfaction[w] = total / n_users
    service.weighted_loss[w] = loss / weight_sum
    service.served_mbps[w] = traffic
    service.asked_mbps[w] = population.demand_mbps[w].sum()
    for site in range(n_sites):
        users, critical = home_users[site], home_critical_users[site]
        service.home_service[w, site] = home_satisfaction[site] / users if users > 0.0 else 1.0
        service.home_critical[w, site] = home_critical_served[site] / critical if critical > 0.0 else 1.0


@kernel
def home_sites(
    received_mw: RealArray, distance_m: NDArray[np.float32], expanded_radius_m: float, radio: RadioParameters
) -> tuple[Int16Array, Int16Array]:
    """Home site and second server of each user of one world; see :class:`Population`.

    The home site gives the largest rate over all bands while all sites send on all bands; a user that none reaches
    belongs to the nearest. The second server gives the largest rate once the home site is off.
    """
    n_bands, n_sites, n_users = received_mw.shape
    all_bands = np.full(n_sites, (1 << n_bands) - 1)
    total = total_power_mw(received_mw, np.zeros(n_sites, np.int64), all_bands, np.ones(n_sites, np.bool_), radio)
    nearest = np.zeros(n_users, dtype=np.int16)
    for site in range(1, n_sites):
        for user in range(n_users):
            if surpasses(distance_m[nearest[user], user], distance_m[site, user]):
                nearest[user] = site
    home = _best_site(received_mw, total, distance_m, np.inf, np.full(n_users, -1, np.int16), nearest, radio)
    for user in range(n_users):
        for band in range(n_bands):
            total[band, user] -= received_mw[band, home[user], user]
    nobody = np.full(n_users, -1, dtype=np.int16)
    return home, _best_site(received_mw, total, distance_m, expanded_radius_m, home, nobody, radio)


@kernel
def _best_site(
    received_mw: RealArray,
    total_mw: RealArray,
    distance_m: NDArray[np.float32],
    radius_m: float,
    excluded: Int16Array,
    otherwise: Int16Array,
    radio: RadioParameters,
) -> Int16Array:
    """Site ``[user]`` with the largest rate over all bands within a radius; ``otherwise`` where there is none."""
    n_bands, n_sites, n_users = received_mw.shape
    best, best_rate = otherwise.copy(), np.zeros(n_users)
    for site in range(n_sites):
        rate = np.zeros(n_users)
        for band in range(n_bands):
            for user in range(n_users):
                rate[user] += link_rate_mbps(received_mw, total_mw, band, site, user, False, radio)
        for user in range(n_users):
            allowed = site != excluded[user] and distance_m[site, user] <= radius_m
            if allowed and surpasses(rate[user], best_rate[user]):
                best[user], best_rate[user] = site, rate[user]
    return best
