"""Every coefficient of MSRC's Stage 1, named, typed and documented."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltran.envs.domains import NonNegative, Positive
from voltran.envs.scenario import Section

Hours = Annotated[float, Field(gt=0.0, le=8784.0)]  # at most a leap year
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class PlannerSettings(Section, strict=True):
    """Settings of the mode planner.

    The plan minimises

        survival_weight * reference_h * (s + power_share * mean power / mean energy)
        + service_weight * unserved_penalty * weighted service loss
        + floor_penalty * service missing to the class floors
        + switching_weight * mode switches per site,

    where ``s = max_i P_i / E_i`` is the inverse of the shortest site lifetime. Source: [MSRC] Eq. 18, [MSRC] Eq. 26
    with weights (0.5, 0.3, 0.1, 0.1). Reconstructed: the paper adds hours, ratios, dollars and counts; here every term
    is normalised. The cost of vehicle energy does not depend on the modes, as all that is offered is taken, and is left
    out. ``E_i`` is what the battery holds and what vehicles are expected to give within the horizon H, ``P_i`` the mean
    power for the demand that is expected over it. Minimising ``s`` maximises (26) exactly: its fraction is then
    E / P - H.

    Attributes:
        objective: "maxmin" is (26); "levelling", which is ours, minimises ``sum_i (mean E / E_i)^2 P_i`` instead of the
            largest ``P_i / E_i``, so that every site counts and poor ones count most.
        command_set: "paper" has one band set per mode; "extended" may also choose bands within a mode.
        forecast: demand and vehicles over the horizon ([MSRC] Algorithm 1, line 4): "expected" follows from the
            scenario's rates and profiles, "perfect" is what will come true, and with "none" demand stays as it is and
            no vehicle comes; or one's own, as ``module:function``.
        horizon_h: the horizon H.
        dispatch: who solves Stage 2. "scheduler" is the world's own association and scheduler; "exact" shares bands by
            linear programming; "exact-carriers" also decides which bands are on, and vehicle power, by mixed-integer
            programming.
        cost_weight: lambda_3 of [MSRC] Eq. 18, on the cost of energy, with "exact-carriers".
        stored_energy_price: what a kWh in the battery counts there, $; by default what replacing it by vehicles could
            cost, at the highest price and with all losses.
        dispatch_time_s: time after which a dispatch is what has been found by then, or else the scheduler's.
        evaluations: plans that the search may weigh with 19 live sites, more and fewer with the square of their number;
            a count and not a time, so that plans do not depend on how fast the machine is.
        look_ups: plans that it may propose, weighed or not, scaled alike; ends searches where few are allowed.
        search_seed: seed of the order in which neighbouring plans are tried.
        certify: gap that must be proven for every plan, or "off". Proofs take longer than the search; results then say
            which share of plans has one, and the mean of the gaps.
        proof_time_s: time after which a proof is given up; the plan stands then, its gap unproven.
        survival_weight, service_weight, switching_weight: lambda_1, lambda_2 and lambda_4 of [MSRC] Eq. 18.
        reference_h: unit of lifetime.
        power_share: weight of the network's power beside the weakest site's, without which max-min is indifferent to
            all sites but one.
        unserved_penalty: weight of the weighted service loss beside a lifetime of ``1 / reference_h``.
        floor_penalty: cost of a class group that is served below its floor, per missing share.
        priority_floor: service share of emergency, voice and essential users together, by priority weight.
        best_effort_floor: service share of best-effort users.
        load_limit: share of a site's resource blocks that may be planned for.
        candidate_servers: sites that may serve one user group.
        vehicle_horizon_h: hours for which present vehicles go on giving power, with "none" as the forecast.
    """

    objective: Literal["maxmin", "levelling"] = "maxmin"
    command_set: Literal["paper", "extended"] = "paper"
    forecast: str = "expected"
    horizon_h: Hours = 6.0
    dispatch: Literal["scheduler", "exact", "exact-carriers"] = "scheduler"
    cost_weight: NonNegative = 0.1
    stored_energy_price: Positive | None = None
    dispatch_time_s: Positive = 30.0
    evaluations: Annotated[int, Field(ge=1, le=10**9)] = 300
    look_ups: Annotated[int, Field(ge=1, le=10**9)] = 6000
    search_seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    certify: Literal["off", "5%", "2%"] = "off"
    proof_time_s: Positive = 3.0
    survival_weight: NonNegative = 0.5
    service_weight: NonNegative = 0.3
    switching_weight: NonNegative = 0.1
    reference_h: Positive = 1.0
    power_share: NonNegative = 0.05
    unserved_penalty: NonNegative = 40.0
    floor_penalty: NonNegative = 3.0
    priority_floor: Share = 0.97
    best_effort_floor: Share = 0.75
    load_limit: Share = 0.95
    candidate_servers: Annotated[int, Field(ge=1, le=1000)] = 4
    vehicle_horizon_h: NonNegative = 2.0

    @model_validator(mode="after")
    def _service_counts(self) -> "PlannerSettings":
        if self.dispatch == "exact-carriers" and self.service_weight == 0.0:
            raise ValueError(
                "service_weight = 0 with dispatch = exact-carriers: cost_weight is weighed against it; give a positive "
                "one, or another dispatch"
            )
        return self
