"""Pictures of one uplink world: a table of UBSs as text, or a map as an image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import ScenarioError
from voltran.physics.layout import FloatArray
from voltran.physics.uplink import BoolArray

if TYPE_CHECKING:
    from voltran.envs.uplink.world import UplinkWorld


@dataclass(frozen=True)
class Scene:
    """What one world looks like: who was served by whom in the latest period.

    Attributes:
        title: architecture, scenario and seed.
        clock_h: time of day at the end of that period.
        side_m: of the square.
        ubs_m, ue_m: ``[M, 2]``, ``[K, 2]`` places.
        association: ``[M, K]``.
        awake: ``[M]``.
        active: ``[K]`` UEs that took part; before the first decision those that are about to.
        rate_mbps, shortfall_mbps: ``[K]``.
        past: time series of the episode so far, as ``UplinkWorld.trace`` gives them.
    """

    title: str
    clock_h: float
    side_m: float
    ubs_m: FloatArray
    ue_m: FloatArray
    association: BoolArray
    awake: BoolArray
    active: BoolArray
    rate_mbps: FloatArray
    shortfall_mbps: FloatArray
    past: dict[str, FloatArray]

    def latest(self, name: str) -> float:
        """Latest value of a series, zero before the first decision."""
        values = self.past[name]
        return float(values[-1]) if len(values) else 0.0


def render(world: "UplinkWorld", mode: str, index: int) -> str | NDArray[np.uint8]:
    """Picture of one world of a batch.

    Args:
        world: the batch, reset.
        mode: "ansi" gives text, "rgb_array" an image ``[height, width, 3]`` of fixed size.
        index: which world of the batch.

    Raises:
        ScenarioError: an unknown mode.
        EpisodeError: no such world, or it has not been reset.
        MissingExtraError: "rgb_array" without Matplotlib.
    """
    if mode not in world.render_modes:
        raise ScenarioError(f"render mode = {mode!r}: unknown; {world.name} has {', '.join(world.render_modes)}")
    scene = scene_of(world, index)
    if mode == "ansi":
        return as_text(scene)
    from voltran.envs.uplink.picture import as_image

    return as_image(scene)


def scene_of(world: "UplinkWorld", index: int = 0) -> Scene:
    """Collect what there is to see.

    Raises:
        EpisodeError: no such world, or it has not been reset.
    """
    deployment = world.deployment(index)
    simulation, scenario = world._simulation, world.scenario  # the viewer is a part of the world
    state, done = simulation.state, int(simulation.state.decision[index])
    return Scene(
        title=f"{world.architecture.name}, {scenario.name}, seed {int(state.seed[index])}",
        clock_h=(scenario.time.start_h + done * scenario.time.period_h) % 24.0,
        side_m=scenario.layout.side_m,
        ubs_m=deployment.ubs_m,
        ue_m=deployment.ue_m,
        association=state.association[index].copy(),
        awake=state.awake[index].copy(),
        active=simulation.traffic_mbps[index, max(done - 1, 0)] > 0.0,
        rate_mbps=state.rate_mbps[index].copy(),
        shortfall_mbps=state.shortfall_mbps[index].copy(),
        past=world.trace(index),
    )


def as_text(scene: Scene) -> str:
    """A line about the network, then one per UBS."""
    minutes = round(60.0 * scene.clock_h)
    head = [
        f"{minutes // 60:02d}:{minutes % 60:02d} ({scene.title})",
        f"{scene.latest('energy_efficiency'):.3f} Mbit/J",
        f"{scene.latest('network_power_w'):.0f} W",
        f"{scene.latest('sum_rate_mbps'):.0f} Mbit/s",
        f"{int(scene.awake.sum())} of {scene.awake.size} UBSs awake",
        f"{int(scene.latest('violations'))} of {int(scene.active.sum())} UEs below their minimum rate",
    ]
    share_mbps = scene.rate_mbps / np.maximum(scene.association.sum(axis=0), 1)
    load_mbps = np.where(scene.association, share_mbps, 0.0).sum(axis=1)
    lines = [f"{'UBS':<8}{'state':<8}{'load':>14}  serves UEs"]
    for ubs, awake in enumerate(scene.awake):
        served = " ".join(str(ue) for ue in np.flatnonzero(scene.association[ubs])) or "-"
        lines.append(f"{f'ubs_{ubs}':<8}{'awake' if awake else 'asleep':<8}{load_mbps[ubs]:>7.1f} Mbit/s  {served}")
    return "\n".join([" | ".join(head), *lines])
