"""How an uplink network looks while it plays: stations awake and asleep, whom they serve, and what UEs get."""

from functools import cached_property

import numpy as np

from voltran.envs.replay.base import WorldReplay, joined_where
from voltran.envs.replay.stage import Joined, Links, Moment, Quantity, Stage, State, Things
from voltran.envs.uplink.deployment import horizontal_offsets_m
from voltran.envs.uplink.scene import LACKING_MBPS, Scene
from voltran.envs.world import Transition
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.units import WATTS_PER_KILOWATT

AWAKE, ASLEEP = range(2)
UBS_STATES = (State("Awake", "good", "triangle"), State("Asleep", "idle", "square"))
ENOUGH, LACKING, SILENT = range(3)
UE_STATES = (
    State("Gets the minimum rate", "first", "circle"),
    State("Gets less", "lost", "cross"),
    State("Silent", "idle", "ring"),
)
POWERS = (
    Quantity("station", "Station and fronthaul", "W", 1),
    Quantity("load", "For the rates of its UEs", "W", 1),
    Quantity("edge", "Its part of the edge cloud", "W", 1),
    Quantity("ue", "Its part of the UEs' power", "W", 1),
    Quantity("residual", "Residual of the ledger", "W", 3),
)
SERVING = (
    Quantity("served", "UEs served", "", 0, 0.0),
    Quantity("rate_mbps", "Rate of these UEs, shared with their other stations", "Mbit/s", 1, 0.0),
)
RATES = (
    Quantity("rate_mbps", "Rate", "Mbit/s", 1, 0.0),
    Quantity("wanted_mbps", "Minimum rate", "Mbit/s", 1, 0.0),
    Quantity("shortfall_mbps", "Lacking", "Mbit/s", 1, 0.0),
    Quantity("power_mw", "Transmit power", "mW", 1, 0.0),
    Quantity("servers", "Stations that serve it", "", 0, 0.0),
)
TEXTS = {"decision": "Offers to serve", "reason": "What came of it"}
STRIPS = (
    Quantity("energy_efficiency", "Energy efficiency", "Mbit/J", 3, 0.0),
    Quantity("network_power_w", "Power of the network", "W", 0, 0.0),
    Quantity("sum_rate_mbps", "Rate of all UEs", "Mbit/s", 0, 0.0),
    Quantity("traffic_mbps", "Minimum rates of all UEs", "Mbit/s", 0, 0.0),
    Quantity("shortfall_mbps", "Lacking of minimum rates", "Mbit/s", 1, 0.0),
    Quantity("violations", "UEs below their minimum rate", "", 0, 0.0),
    Quantity("active_ubs", "Stations awake", "", 0, 0.0),
)


class UplinkReplay(WorldReplay):
    """See :class:`~voltran.envs.replay.base.WorldReplay`."""

    @property
    def stage(self) -> Stage:
        """Stations and UEs in their square."""
        deployment, side_m = self.world.deployment(self.index), self.world.scenario.layout.side_m
        ubs = [f"ubs_{number}" for number in range(len(deployment.ubs_m))]
        ues = [f"ue_{number}" for number in range(len(deployment.ue_m))]
        across = Links("across", "Serves across the edge, where the square continues", "ubs", "ues", "", "idle")
        return Stage(
            things=[
                Things("ues", "UEs", deployment.ue_m, UE_STATES, ues, None, RATES),
                Things("ubs", "Base stations", deployment.ubs_m, UBS_STATES, ubs, None, [*SERVING, *POWERS], TEXTS),
            ],
            links=[Links("serves", "Serves", "ubs", "ues", "", "good"), across],
            strips=STRIPS,
            outline_m=[side_m * np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])],
            outline_title="Edges of the square",
        )

    def moment(self, transition: Transition | None = None) -> Moment:
        """See :class:`~voltran.envs.replay.base.WorldReplay`."""
        scene: Scene = self.world.scene(self.index)
        started = transition is not None
        return Moment(
            time_h=float(self.world.decision[self.index]) * self.world.scenario.time.period_h,
            states={"ues": self._ue_states(scene), "ubs": np.where(scene.awake, AWAKE, ASLEEP)},
            quantities={"ues": self._rates(scene, started), "ubs": self._stations(scene, started)},
            texts={"ues": {}, "ubs": self._texts(scene)},
            links=self._links(scene.association),
            strips={each.key: scene.latest(each.key) if started else np.nan for each in STRIPS},
        )

    @cached_property
    def _crosses(self) -> BoolArray:
        """Pairs ``[M, K]`` whose shortest way leads across an edge of the square."""
        deployment = self.world.deployment(self.index)
        offsets_m = horizontal_offsets_m(self.world.scenario, deployment.ubs_m, deployment.ue_m)
        straight_m = deployment.ue_m - deployment.ubs_m[:, None]
        return np.asarray(~np.isclose(offsets_m, straight_m).all(axis=-1))

    def _links(self, association: BoolArray) -> dict[str, Joined]:
        return {
            name: joined_where(association & chosen)
            for name, chosen in (("serves", ~self._crosses), ("across", self._crosses))
        }

    def _ue_states(self, scene: Scene) -> IntArray:
        states = np.where(scene.shortfall_mbps > LACKING_MBPS, LACKING, ENOUGH)
        states[~scene.active] = SILENT
        return states

    def _rates(self, scene: Scene, started: bool) -> dict[str, FloatArray]:
        if not started:
            return {each.key: np.full(len(scene.active), np.nan) for each in RATES}
        wanted_mbps = self.world._simulation.traffic_mbps[self.index, int(self.world.decision[self.index]) - 1]
        return {
            "rate_mbps": scene.rate_mbps,
            "wanted_mbps": wanted_mbps,
            "shortfall_mbps": scene.shortfall_mbps,
            "power_mw": self.world.power_mw[self.index],
            "servers": scene.association.sum(axis=0).astype(np.float64),
        }

    def _stations(self, scene: Scene, started: bool) -> dict[str, FloatArray]:
        if not started:
            return {each.key: np.full(len(scene.awake), np.nan) for each in (*SERVING, *POWERS)}
        ledger = self.world.ledger()
        share_mbps = scene.rate_mbps / np.maximum(scene.association.sum(axis=0), 1)
        return {
            "served": scene.association.sum(axis=1).astype(np.float64),
            "rate_mbps": np.where(scene.association, share_mbps, 0.0).sum(axis=1),
            **{each.key: WATTS_PER_KILOWATT * ledger[f"{each.key}_kw"][self.index] for each in POWERS},
        }

    def _texts(self, scene: Scene) -> dict[str, list[str]]:
        if self.orders is None:
            return dict.fromkeys(TEXTS, [""] * len(scene.awake))
        offered: BoolArray = self.orders.network.association[self.index] & scene.active
        return {
            "decision": [_named(row) for row in offered],
            "reason": [self._reason(ubs, offered[ubs], scene.association[ubs]) for ubs in range(len(offered))],
        }

    def _reason(self, ubs: int, offered: BoolArray, serves: BoolArray) -> str:
        sentences = []
        if self.orders.projected[self.index, ubs]:
            sentences.append("Named UEs that its mask forbids, because they are silent.")
        if (offered & ~serves).any():
            sentences.append(f"{_named(offered & ~serves)}: left to others, or beyond its limit.")
        if (serves & ~offered).any():
            sentences.append(f"{_named(serves & ~offered)}: nobody had offered, so it was given them.")
        return " ".join(sentences) or "As offered."


def _named(chosen: BoolArray) -> str:
    return ", ".join(f"ue_{ue}" for ue in np.flatnonzero(chosen)) or "nobody"
