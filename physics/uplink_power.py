"""Power of a whole uplink network: base stations, fronthaul, edge cloud and UEs. Source: [FDRAN] Section III-C.

With identical base stations everything is affine in the rates (Lemmas 1 and 2): seven numbers describe a network.
"""

import math
from typing import Literal, NamedTuple

from voltran.physics.arrays import FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.units import MEGABITS_PER_GIGABIT

LoadSplit = Literal["equal", "full"]
LossForm = Literal["shares", "overheads"]
Rounding = Literal["all", "constant", "none"]


class PowerComponent(NamedTuple):
    """One sub-component of a base station. Source: P_i and e_i of [FDRAN] Eq. 10.

    Attributes:
        power_w: at the reference: one antenna, full load.
        antenna_exponent: of its growth with antennas.
        load_exponent: 0 for constant power; any other counts as 1, as in [FDRAN] Appendix A.
        bandwidth_exponent, quantisation_exponent, spectral_efficiency_exponent, streams_exponent: of its growth with
            the other quantities.
    """

    power_w: float
    antenna_exponent: float
    load_exponent: float
    bandwidth_exponent: float = 0.0
    quantisation_exponent: float = 0.0
    spectral_efficiency_exponent: float = 0.0
    streams_exponent: float = 0.0


class Scaling(NamedTuple):
    """Quantities of a base station over those of the reference. Source: x_act / x_ref of [FDRAN] Eq. 10.

    Attributes:
        bandwidth, quantisation, spectral_efficiency, streams: ratios without unit; 1 at the reference.
    """

    bandwidth: float = 1.0
    quantisation: float = 1.0
    spectral_efficiency: float = 1.0
    streams: float = 1.0

    def factor(self, part: PowerComponent) -> float:
        """What a sub-component draws over what it draws at the reference, antennas and load aside.

        Source: [FDRAN] Eq. 10.

        Args:
            part: with its exponents.

        Returns:
            Number without unit.
        """
        return float(
            self.bandwidth**part.bandwidth_exponent
            * self.quantisation**part.quantisation_exponent
            * self.spectral_efficiency**part.spectral_efficiency_exponent
            * self.streams**part.streams_exponent
        )


AS_REFERENCE = Scaling()


class StationPower(NamedTuple):
    """Power of one base station before losses.

    Attributes:
        radio_w: of the radio.
        baseband_w: of the baseband at no load.
        load_w: what full load adds.
    """

    radio_w: float
    baseband_w: float
    load_w: float


class Losses(NamedTuple):
    """Shares of power that are lost.

    Attributes:
        mains: of the AC-DC supply.
        conversion: of the DC-DC supply.
        cooling: at base stations.
        edge_cooling: in the edge cloud.
        form: "shares" of what is drawn, each ``/ (1 - loss)``; "overheads" on what is used, each ``* (1 + loss)``.
    """

    mains: float
    conversion: float
    cooling: float
    edge_cooling: float
    form: LossForm = "shares"

    def factor(self, cooling: float) -> float:
        """Power drawn per watt used, with some cooling loss.

        Source: [FDRAN] Eq. 14. Reconstructed: the text that we had lost the formula; losses in series as in Auer et al.
        2011 (EARTH), as shares or, as an option, as overheads.

        Args:
            cooling: share lost to cooling.

        Returns:
            Number without unit, at least 1.
        """
        if self.form == "overheads":
            return (1.0 + self.mains) * (1.0 + self.conversion) * (1.0 + cooling)
        return 1.0 / ((1.0 - self.mains) * (1.0 - self.conversion) * (1.0 - cooling))


class EdgeCloud(NamedTuple):
    """Centralised baseband processing.

    Source: [FDRAN] Eq. 17, [FDRAN] Eq. 18, [FDRAN] Eq. 19, [FDRAN] Eq. 20, [FDRAN] Eq. 21, [FDRAN] Eq. 22.

    Attributes:
        share: Theta, part of the baseband processing that has moved there.
        stacking_gain: base stations that one of today's units serves.
        capacity: X, how many times more one of the cloud's units serves.
        unit_cost: Y, how many times more it draws.
        rounding: which parts of its power count whole units: "all", the "constant" one, or "none".
    """

    share: float
    stacking_gain: float
    capacity: float
    unit_cost: float
    rounding: Rounding = "all"

    def units(self, n_stations: int, part: Literal["constant", "load"]) -> float:
        """Units that serve so many base stations, times what each draws more.

        Source: [FDRAN] Eq. 21. Reconstructed: the text says neither what is rounded nor what the units multiply.

        Args:
            n_stations: ``M``.
            part: of the power that they multiply.

        Returns:
            Number without unit.
        """
        units = n_stations / (self.stacking_gain * self.capacity)
        whole = self.rounding == "all" or self.rounding == part
        return (math.ceil(units) if whole else units) * self.unit_cost


class Fronthaul(NamedTuple):
    """Power of one fronthaul link. Source: [FDRAN] Eq. 16.

    Attributes:
        fixed_w: while its base station is awake.
        w_per_gbps: per rate carried.
    """

    fixed_w: float
    w_per_gbps: float


class UplinkPower(NamedTuple):
    """Power of a network: affine in rates and transmit powers. Source: [FDRAN] Eq. 24 and Lemma 2.

    Attributes:
        awake_w, asleep_w: one base station with its fronthaul, without load.
        shared_w: edge cloud without load.
        ue_w: circuits of one UE.
        w_per_mbps: per rate of a UE, whoever serves it.
        link_w_per_mbps: per rate of a UE and base station that serves it.
        w_per_mw: per transmit power, 1 / efficiency of the amplifier.
    """

    awake_w: float
    asleep_w: float
    shared_w: float
    ue_w: float
    w_per_mbps: float
    link_w_per_mbps: float
    w_per_mw: float


def station_power(
    radio: tuple[PowerComponent, ...],
    baseband: tuple[PowerComponent, ...],
    antennas: int,
    scaling: Scaling = AS_REFERENCE,
) -> StationPower:
    """Power of a base station.

    Source: [FDRAN] Eq. 10, [FDRAN] Eq. 13, [FDRAN] Eq. 45, [FDRAN] Eq. 46.

    Args:
        radio, baseband: sub-components.
        antennas: ``N``; the reference has one.
        scaling: ratios of the other quantities to those of the reference; the load is a variable.

    Returns:
        W before losses.
    """

    def total(components: tuple[PowerComponent, ...]) -> float:
        return float(sum(part.power_w * antennas**part.antenna_exponent * scaling.factor(part) for part in components))

    constant = tuple(part for part in baseband if part.load_exponent == 0.0)
    loaded = tuple(part for part in baseband if part.load_exponent != 0.0)
    return StationPower(total(radio), total(constant), total(loaded))


def network_coefficients(
    station: StationPower,
    n_stations: int,
    losses: Losses,
    edge: EdgeCloud | None,
    fronthaul: Fronthaul | None,
    *,
    reference_rate_mbps: float,
    sleep_share: float,
    idle_sleep: float,
    ue_w: float,
    amplifier_factor: float,
    load_split: LoadSplit = "equal",
) -> UplinkPower:
    """Coefficients of a network's power, with one sector.

    Source: [FDRAN] Eq. 11, [FDRAN] Eq. 12, [FDRAN] Eq. 13, [FDRAN] Eq. 14, [FDRAN] Eq. 15, [FDRAN] Eq. 16, [FDRAN] Eq.
    17, [FDRAN] Eq. 18, [FDRAN] Eq. 19, [FDRAN] Eq. 20, [FDRAN] Eq. 21, [FDRAN] Eq. 22, [FDRAN] Eq. 23, [FDRAN] Eq. 24,
    and of Lemma 1 [FDRAN] Eq. 47.

    Reconstructed: a base station's load is its UEs' rates over ``reference_rate_mbps``, and UEs split theirs equally
    among their servers (full rates at each would put full cell-free networks 5 to 9 times behind, not 2.3). The cloud's
    ``ceil(M / (stacking x capacity)) unit_cost / M`` stands before its constant and its load part alike, by default.

    Args:
        station: of each base station.
        n_stations: ``M``.
        losses: shares lost.
        edge: None for processing at the base stations.
        fronthaul: None where there is none.
        reference_rate_mbps: rate of full load.
        sleep_share: delta, power of a sleeping base station over that of an idle one.
        idle_sleep: probability that an idle base station sleeps, a share; the expected power counts.
        ue_w: circuits of a UE.
        amplifier_factor: xi, watts drawn per watt sent, a ratio.
        load_split: "equal", or "full" for the full rate at each server.

    Returns:
        W, W per Mbit/s and W per mW.
    """
    local_share = 1.0 - (edge.share if edge else 0.0)
    factor = losses.factor(losses.cooling)
    # Losses scale whatever they feed, and load comes in by its rate alone: that is why all of it is affine.
    idle_w = (station.radio_w + local_share * station.baseband_w) * factor
    # A base station that is awake keeps its fronthaul up; what sleeps has none.
    link_idle_w = fronthaul.fixed_w if fronthaul else 0.0
    per_mbps = local_share * station.load_w * factor / reference_rate_mbps
    shared_w = 0.0
    if edge is not None:
        cooled = losses.factor(losses.edge_cooling)
        shared_w = edge.units(n_stations, "constant") * edge.share * cooled * station.baseband_w
        loaded_w = edge.units(n_stations, "load") * edge.share * cooled * station.load_w
        per_mbps += loaded_w / (n_stations * reference_rate_mbps)
    return UplinkPower(
        awake_w=idle_w + link_idle_w,
        asleep_w=idle_sleep * sleep_share * idle_w + (1.0 - idle_sleep) * (idle_w + link_idle_w),
        shared_w=shared_w,
        ue_w=ue_w,
        w_per_mbps=per_mbps if load_split == "equal" else 0.0,
        link_w_per_mbps=(fronthaul.w_per_gbps / MEGABITS_PER_GIGABIT if fronthaul else 0.0)
        + (per_mbps if load_split == "full" else 0.0),
        w_per_mw=amplifier_factor / 1000.0,
    )


@kernel
def constant_power_w(power: UplinkPower, n_stations: int, n_awake: int, n_ues: int) -> float:
    """Power of a network at no rate and no transmit power.

    Source: P_0 of Lemma 2, the constant terms of [FDRAN] Eq. 24.

    Args:
        power: the network's coefficients.
        n_stations, n_awake: base stations, and those of them that serve somebody.
        n_ues: number of UEs.

    Returns:
        W.
    """
    stations = n_awake * power.awake_w + (n_stations - n_awake) * power.asleep_w
    return stations + power.shared_w + n_ues * power.ue_w


@kernel
def network_power_w(
    power: UplinkPower,
    n_stations: int,
    n_awake: int,
    servers: FloatArray,
    rate_mbps: FloatArray,
    power_mw: FloatArray,
) -> float:
    """Power of the whole network.

    Source: [FDRAN] Eq. 24, in the form of Lemma 2.

    Args:
        power: the network's coefficients.
        n_stations, n_awake: base stations, and those of them that serve somebody.
        servers: ``[K]`` number of base stations that serve each UE.
        rate_mbps: ``[K]`` rates, Mbit/s.
        power_mw: ``[K]`` transmit powers, mW.

    Returns:
        W.
    """
    total = constant_power_w(power, n_stations, n_awake, rate_mbps.shape[0])
    for ue in range(rate_mbps.shape[0]):
        total += (power.w_per_mbps + power.link_w_per_mbps * servers[ue]) * rate_mbps[ue]
        total += power.w_per_mw * power_mw[ue]
    return total
