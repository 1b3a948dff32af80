"""Made-up recordings, so that the page and its files can be tested without a world."""

from typing import Any

import numpy as np

from voltran.envs.replay.stage import Joined, Links, Moment, Quantity, Stage, State, Things
from voltran.evaluation.replay.document import Kpi, Recording

SITE_STATES = (
    State("Helping", "good", "hexagon"),
    State("Normal", "second", "circle"),
    State("Assisted", "poor", "diamond"),
    State("Asleep", "idle", "square"),
    State("Down", "lost", "cross"),
)
USER_STATES = (
    State("Served by the own site", "good", "dot"),
    State("Served by another site", "second", "triangle"),
    State("Partly served", "poor", "square"),
    State("Not served", "lost", "ring"),
)
LEDGER = (
    Quantity("soc", "State of charge", "", 2, 0.0, 1.0),
    Quantity("load_kw", "Load", "kW"),
    Quantity("battery_kw", "From the battery", "kW", 2),
    Quantity("vehicles", "Vehicles parked", "", 0, 0.0),
    Quantity("unserved_kw", "Not supplied", "kW", 3, 0.0),
)
STRIPS = (
    Quantity("availability", "Users served", "%", 1, 0.0, 100.0),
    Quantity("soc", "Mean state of charge", "%", 1, 0.0, 100.0),
    Quantity("load_kw", "Load", "kW", 2),
    Quantity("alive", "Sites alive", "", 0, 0.0),
)


def recording(
    label: str = "independent",
    *,
    sites: int = 19,
    users: int = 300,
    decisions: int = 24,
    moving: bool = True,
    links: bool = True,
    strips: bool = True,
    policy: int = 0,
    names: tuple[str, ...] | None = None,
    said: str = "Stay as you are",
    **changed: Any,
) -> Recording:
    """An episode in which batteries empty, sites fall asleep and users lose service.

    Args:
        label: of the controller.
        sites, users, decisions: how many.
        moving: whether users move.
        links: whether sites help each other.
        strips: whether there is anything over time.
        policy: what differs between controllers of the same seed.
        names: of the sites.
        said: decision of the sites.
        changed: fields of the recording.
    """
    seed = np.random.default_rng(7)
    places = _hexagons(sites)
    homes = places[seed.integers(sites, size=users)] + seed.normal(0, 220, (users, 2))
    walks = np.cumsum(seed.normal(0, 25, (decisions + 1, users, 2)), axis=0)
    stage = Stage(
        things=[
            Things("users", "Users", homes, USER_STATES, quantities=[Quantity("mbps", "Rate", "Mbit/s", 1)]),
            Things(
                "sites",
                "Sites",
                places,
                SITE_STATES,
                names or [f"BS {number}" for number in range(sites)],
                "soc",
                LEDGER,
                {"decision": "Decision", "reason": "Reason"},
            ),
        ],
        links=[Links("help", "Help", "sites", "sites", "kW", "first")] if links else [],
        strips=STRIPS if strips else [],
        outline_m=[_hexagon(place) for place in places],
        outline_title="Borders of cells",
    )
    play = np.random.default_rng([7, policy])
    soc = np.clip(seed.uniform(0.5, 1, sites) - np.linspace(0, 1, decisions + 1)[:, None] * (0.6 + 0.4 * policy), 0, 1)
    moments = [
        _moment(now, soc[now], homes + walks[now] if moving else None, users, play, links and sites > 1, said)
        for now in range(decisions + 1)
    ]
    kpis = [
        Kpi("availability", "Availability", "%", 92.5 - policy, 1, "up"),
        Kpi("lost_at_h", "Network lost after", "h", None, 1, "up"),
        Kpi("energy_kwh", "Energy", "kWh", 123.456 + policy, 1, "down"),
    ]
    fields = {
        "label": label,
        "information": "local",
        "world": "made_up_v0",
        "scenario": "made-up",
        "seed": 5,
        "version": "0.1.0",
        "stage": stage,
        "moments": moments,
        "kpis": kpis,
    }
    return Recording(**{**fields, **changed})


def _moment(
    now: int,
    soc: np.ndarray[Any, Any],
    homes: np.ndarray[Any, Any] | None,
    users: int,
    play: np.random.Generator,
    links: bool,
    said: str,
) -> Moment:
    sites = len(soc)
    state = np.select([soc > 0.6, soc > 0.3, soc > 0.15, soc > 0.02], [0, 1, 2, 3], 4)
    served = np.minimum(play.geometric(0.4 + 0.6 * soc.mean(), users) - 1, 3)
    load = play.uniform(0.5, 2.5, sites) * (state < 4)
    helping = play.choice(sites, min(3, sites), replace=False) if links else np.zeros(0, int)
    texts = {
        "decision": [said if code < 3 else "Sleep" for code in state],
        "reason": ["" if code < 4 else "The battery is empty: a site that is down takes no orders." for code in state],
    }
    return Moment(
        time_h=now * 0.25,
        states={"sites": state, "users": served},
        quantities={
            "users": {"mbps": np.where(served < 3, play.uniform(1, 20, users), np.nan)},
            "sites": {
                "soc": soc,
                "load_kw": load,
                "battery_kw": load * 0.7,
                "vehicles": play.integers(0, 9, sites).astype(float),
                "unserved_kw": np.where(state == 4, 0.5, 0.0),
            },
        },
        texts={"sites": texts} if now else {},
        links={"help": Joined(helping, (helping + 1) % sites, play.uniform(0.1, 1.5, len(helping)))} if links else {},
        strips={
            "availability": 100 * float((served < 3).mean()) if users else np.nan,
            "soc": 100 * float(soc.mean()),
            "load_kw": float(load.sum()),
            "alive": float((state < 4).sum()),
        },
        xy_m={} if homes is None else {"users": homes},
    )


def _hexagons(sites: int) -> np.ndarray[Any, Any]:
    """The first places of a hexagonal grid, from its middle outwards."""
    rings = range(-25, 26)
    grid = np.array([(q * 500 + r * 250, r * 433) for q in rings for r in rings], float)
    return grid[np.argsort(np.round(np.hypot(*grid.T)), kind="stable")][:sites]


def _hexagon(place: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    angles = np.deg2rad(np.arange(30, 390, 60))
    return np.asarray(place + 288.7 * np.stack([np.cos(angles), np.sin(angles)], axis=1))
