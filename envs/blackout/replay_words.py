"""What is said of a site's decision in words: what it was told, and why that is not what was asked for."""

from typing import NamedTuple

import numpy as np

from voltran.envs.blackout.constants import MODE_NAMES, BlackoutConstants
from voltran.physics.power import ASSISTED, HELPING, SLEEP

WANTED = ("to operate normally", "to help", "to be assisted", "to sleep")


class Decided(NamedTuple):
    """What one site was asked for, and what became of it.

    Attributes:
        asked: mode that was asked for.
        mode: mode that came into force.
        was_up, is_up: whether it was in operation before the period, and is after it.
        is_allowed: whether the mask allowed the mode that was asked for.
        is_projected: whether something else was asked for than the mask allows.
        is_repaired: whether the joint constraints changed the mode.
        ev_kw: most power to draw from vehicles.
        ev_share: the same as a share of what they offered; NaN where they offered none.
        linked: sites that it helps, or that help it.
        k_max: most links of a site.
    """

    asked: int
    mode: int
    was_up: bool
    is_up: bool
    is_allowed: bool
    is_projected: bool
    is_repaired: bool
    ev_kw: float
    ev_share: float
    linked: list[int]
    k_max: int


def bands_in_words(constants: BlackoutConstants, bits: int) -> str:
    """Frequencies of the bands in a bit set, such as "800, 1800 MHz"; "none" of an empty one."""
    bands = [f"{band.frequency_mhz:g}" for index, band in enumerate(constants.scenario.bands) if bits >> index & 1]
    return f"{', '.join(bands)} MHz" if bands else "none"


def decision_in_words(decided: Decided, bands: str) -> str:
    """Mode, bands and use of vehicles that came into force."""
    if not decided.was_up:
        return "none, the site is down"
    mode = MODE_NAMES[decided.mode]
    sends = "no band sends" if decided.mode == SLEEP else bands
    return f"{mode}; {sends}; {_vehicles(decided)}"


def reason_in_words(decided: Decided) -> str:
    """Why it is not what was asked for, who is linked, and what happened to the site in the period."""
    if not decided.was_up:
        back = " It came back." if decided.is_up else ""
        return f"A site that is down takes no orders; vehicles may recharge its battery.{back}"
    sentences = [*_changes(decided), *_links(decided)]
    if not decided.is_up:
        sentences.append("It could not be supplied any longer and went down.")
    return " ".join(sentences)


def _vehicles(decided: Decided) -> str:
    if np.isnan(decided.ev_share):
        return "no vehicle offers power"
    if decided.ev_share <= 0.0:
        return "nothing from vehicles"
    if decided.ev_share >= 1.0:
        return "all that vehicles offer"
    return f"{100.0 * decided.ev_share:.0f} % of what vehicles offer, {decided.ev_kw:.1f} kW"


def _changes(decided: Decided) -> list[str]:
    wanted, sentences = WANTED[decided.asked], []
    if decided.is_projected and not decided.is_allowed:
        sentences.append(f"Asked {wanted}, which its mask forbids: {_forbidden(decided)}.")
    elif decided.is_projected:
        sentences.append("Asked for power of vehicles, which its mask forbids: none offers any.")
    if decided.is_repaired:
        sentences.append(f"Asked {wanted}; {_unlinked(decided)}, so it operates normally.")
    return sentences or ["As asked."]


def _forbidden(decided: Decided) -> str:
    if decided.k_max == 0:
        return "the scenario allows no links between sites"
    if decided.asked == HELPING:
        return "there is no site within reach that it could help"
    return "there is no site in operation within reach that could help it"


def _unlinked(decided: Decided) -> str:
    if decided.asked == HELPING:
        return "no site within reach had need of one more helper"
    return f"no helping site within reach had a link free for it (at most {decided.k_max} each)"


def _links(decided: Decided) -> list[str]:
    names = ", ".join(f"bs_{site}" for site in decided.linked)
    if not names:
        return []
    if decided.mode == HELPING:
        return [f"Helps {names}."]
    return [f"Helped by {names}."] if decided.mode >= ASSISTED else []
