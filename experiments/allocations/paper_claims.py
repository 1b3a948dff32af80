"""Whether what [DPA] says of its figures holds in the optimum, measured on solutions.

Some claims cannot hold in any optimum of [DPA] Eq. 12. Each reason is given with its premise, which is looked up in
the solved problems; the proofs are in ``docs/baselines/dpa.md``.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from voltran.baselines.dpa.paper_cases import HOME
from voltran.experiments.allocations.study import Claim, Reason
from voltran.experiments.allocations.study_results import Curve, Finding

# Less power than this is none, and what a rate may differ by: a share of the axis.
NONE_W, RATE_TOLERANCE = 0.05, 0.1
# What watts may differ by.
WATTS_TOLERANCE = 0.06

HOLDS, FAILS, IMPOSSIBLE = "holds", "does not hold in this regime", "cannot be an optimum"


def findings(claims: Sequence[Claim], curves: Sequence[Curve]) -> list[Finding]:
    """Every claim in every regime.

    Args:
        claims: of the paper.
        curves: of all regimes and modes.
    """
    weighed = []
    for claim in claims:
        if claim.check == "no_worse":
            weighed.append(_no_worse(claim, curves))
            continue
        for curve in curves:
            if curve.mode == claim.mode:
                paper, measured, holds = CHECKS[claim.check](claim, curve)
                weighed.append(_finding(claim, curve.name, paper, measured, HOLDS if holds else _why_not(claim, curve)))
    return weighed


def _finding(claim: Claim, name: str, paper: str, measured: str, verdict: str) -> Finding:
    return Finding(text=claim.text, mode=claim.mode, paper=paper, name=name, measured=measured, verdict=verdict)


Checked = tuple[str, str, bool]


def _feeds(claim: Claim, curve: Curve) -> Checked:
    return _onset(claim, curve, _of_pair(curve, claim.pair) > NONE_W)


def _exceeds(claim: Claim, curve: Curve) -> Checked:
    return _onset(claim, curve, _of_pair(curve, claim.pair) > _of_pair(curve, claim.other) + NONE_W)


def _onset(claim: Claim, curve: Curve, so: NDArray[np.bool_]) -> Checked:
    """From which rate on something is so, to the end of the axis."""
    assert claim.after is not None
    first = lasting_from(so)
    paper = f"after {claim.after:g}" if claim.after else "throughout"
    if first == so.size:
        return paper, "not at the end" if so.any() else "never", False
    rate = curve.at[first]
    measured = "throughout" if first == 0 else f"from {rate:.3g}"
    near = abs(rate - claim.after) <= RATE_TOLERANCE * curve.at[-1]
    return paper, measured, near and (first == 0) == (claim.after == 0.0)


def lasting_from(so: NDArray[np.bool_]) -> int:
    """The point from which on something is so, to the end; past the last one where it is not so there."""
    otherwise = np.flatnonzero(~so)
    return 0 if otherwise.size == 0 else int(otherwise[-1]) + 1


def _earlier(claim: Claim, curve: Curve) -> Checked:
    onsets = [
        lasting_from(_of_pair(curve, more) > _of_pair(curve, less) + NONE_W)
        for more, less in ((claim.pair, claim.other), (claim.then, claim.than))
    ]
    words = [f"from {curve.at[first]:.3g}" if first < len(curve.at) else "never" for first in onsets]
    # Batteries, and not more, may set the two a point of the grid apart.
    return "earlier", " and ".join(words), onsets[1] - onsets[0] > 1


def _alone(claim: Claim, curve: Curve) -> Checked:
    most_w, other_w = (float(_of_pair(curve, pair).max()) for pair in (claim.pair, claim.other))
    return "only the first", f"up to {most_w:.3g} and {other_w:.3g} W", most_w > NONE_W >= other_w


def _never(claim: Claim, curve: Curve) -> Checked:
    most_w = float(_of_pair(curve, claim.pair).max())
    return "never", f"up to {most_w:.3g} W", most_w <= NONE_W


def _battery(claim: Claim, curve: Curve) -> Checked:
    return _watts(claim, curve.battery_w[-1])


def _total(claim: Claim, curve: Curve) -> Checked:
    return _watts(claim, np.sum(curve.power_w[-1], axis=1).tolist())


def _watts(claim: Claim, by_site: Sequence[float]) -> Checked:
    assert claim.watts is not None
    assert claim.site is not None
    measured = by_site[claim.site - 1]
    return f"{claim.watts:g} W", f"{measured:.4g} W", abs(measured - claim.watts) <= WATTS_TOLERANCE


def _better(claim: Claim, curve: Curve) -> Checked:
    assert claim.site is not None
    assert claim.second is not None
    first, second = (curve.utility[-1][site - 1] for site in (claim.site, claim.second))
    return f"{claim.site} above {claim.second}", f"{first:.4g} and {second:.4g} USD/h", first > second


CHECKS: dict[str, Callable[[Claim, Curve], Checked]] = {
    "feeds": _feeds,
    "never": _never,
    "alone": _alone,
    "earlier": _earlier,
    "exceeds": _exceeds,
    "battery": _battery,
    "total": _total,
    "better": _better,
}


def _no_worse(claim: Claim, curves: Sequence[Curve]) -> Finding:
    proposed, traditional = (
        np.array(next(curve for curve in curves if curve.name == name).utility).sum(axis=1)
        for name in ("proposed", "traditional")
    )
    least = float((proposed - traditional).min())
    verdict = HOLDS if least >= 0.0 else "does not hold"
    measured = f"{proposed.mean():.3g} and {traditional.mean():.3g} USD/h on average, at least {least:+.3g}"
    return _finding(claim, "proposed", "proposed above traditional", measured, verdict)


def _of_pair(curve: Curve, pair: tuple[int, int] | None) -> NDArray[np.float64]:
    assert pair is not None
    return np.array(curve.power_w)[:, pair[0] - 1, pair[1] - 1]


def _why_not(claim: Claim, curve: Curve) -> str:
    """That a claim fails here, or why it must wherever its premise is met, as it is here."""
    if claim.reason is None:
        return FAILS
    premise, _ = REASONS[claim.reason]
    return f"{IMPOSSIBLE} ({claim.reason})" if premise(curve) else FAILS


def _twins(curve: Curve) -> bool:
    """Sites 3 and 4 have the same home, and site 3 is the larger one."""
    demand_w = np.array(curve.demand_w)
    return bool(HOME[2] == HOME[3] and (demand_w[:, 2] >= demand_w[:, 3]).all())


def _equal_totals(curve: Curve) -> bool:
    """Sites 2 and 4 need the same."""
    demand_w = np.array(curve.demand_w)
    return bool(np.allclose(demand_w[:, 1], demand_w[:, 3]))


def _first_watt(curve: Curve) -> bool:
    """Retailer 2 has power left at the lowest rates, where the claim has site 2 take none of it."""
    sold_w = np.array(curve.power_w)[0].sum(axis=0)
    return bool(sold_w[1] < 0.999 * curve.generation_w[0][1])


REASONS: dict[Reason, tuple[Callable[[Curve], bool], str]] = {
    "twin sites": (
        _twins,
        "of two sites with the same home and access, a second retailer gains the larger one more, so that the smaller "
        "one is never alone there",
    ),
    "equal totals": (
        _equal_totals,
        "where batteries rest, as the paper says they do, both sites are allocated the same, so that both inequalities "
        "are one",
    ),
    "first watt": (
        _first_watt,
        "with quadratic costs a first watt of a retailer that has power left costs nothing, and is worth more than the "
        "last one from elsewhere",
    ),
}
