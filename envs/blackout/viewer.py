"""Pictures of one outage world: a table of sites as text, or a map as an image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout import draws
from voltran.envs.blackout.constants import MODE_NAMES, BlackoutConstants
from voltran.envs.errors import ScenarioError
from voltran.physics.power import SLEEP

if TYPE_CHECKING:
    from voltran.envs.blackout.world import BlackoutWorld

DOWN = len(MODE_NAMES)
STATUS_NAMES = (*MODE_NAMES, "down")
BAR_LENGTH = 10

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """What one world looks like now.

    Attributes:
        constants: the scenario's constants.
        title: scenario and seed.
        time_h: time since the outage began.
        lost_h: when survival was lost, None while it is not known to be.
        critical, satisfaction: availability of emergency and voice users, and mean satisfaction of all, as shares.
        status: ``[site]`` mode in force, or ``DOWN``.
        band_bits: ``[site]`` bit sets of the bands that send.
        radius_m: ``[site]`` effective radius, zero where nobody is served.
        soc, power_kw: ``[site]``.
        parked, accepting: ``[site]`` vehicles, and those of them that have accepted a price.
        positions_m: ``[user, 2]``.
        server: ``[user]`` serving site, -1 for none.
        satisfied: ``[user]`` share of the demand that is served.
        is_critical: ``[user]`` emergency and voice users.
        past: time series of the episode so far, as ``BlackoutWorld.trace`` gives them.
    """

    constants: BlackoutConstants
    title: str
    time_h: float
    lost_h: float | None
    critical: float
    satisfaction: float
    status: IntArray
    band_bits: IntArray
    radius_m: FloatArray
    soc: FloatArray
    power_kw: FloatArray
    parked: IntArray
    accepting: IntArray
    positions_m: FloatArray
    server: IntArray
    satisfied: FloatArray
    is_critical: BoolArray
    past: dict[str, FloatArray]

    @property
    def is_up(self) -> BoolArray:
        """Sites in operation, ``[site]``."""
        return np.asarray(self.status != DOWN)


def render(world: "BlackoutWorld", mode: str, index: int) -> str | NDArray[np.uint8]:
    """Picture of one world of a batch.

    Args:
        world: the batch, reset.
        mode: "ansi" gives text, "rgb_array" an image ``[height, width, 3]`` of fixed size.
        index: which world of the batch.

    Raises:
        ScenarioError: an unknown mode, or no such world.
        MissingExtraError: "rgb_array" without Matplotlib.
    """
    if mode not in world.render_modes:
        raise ScenarioError(f"render mode = {mode!r}: unknown; {world.name} has {', '.join(world.render_modes)}")
    scene = scene_of(world, index)
    if mode == "ansi":
        return as_text(scene)
    from voltran.envs.blackout.picture import as_image

    return as_image(scene)


def scene_of(world: "BlackoutWorld", index: int = 0) -> Scene:
    """Collect what there is to see.

    Raises:
        ScenarioError: no such world, or it has not been reset.
    """
    if not 0 <= index < world.n_worlds:
        raise ScenarioError(f"world = {index}: the batch has worlds 0 to {world.n_worlds - 1}")
    simulation = world._simulation  # the viewer is a part of the world and reads what the world's methods do not tell
    constants, state, service = world.constants, simulation.state, simulation.state.service
    seed, lost_step = int(state.seed[index]), int(state.lost_step[index])
    if seed < 0:
        raise ScenarioError(f"world = {index}: has not been reset; call reset(seeds) before render")
    users = simulation.inhabitants.users
    status = np.where(state.alive[index], state.mode[index], DOWN)
    sending = state.alive[index] & (state.mode[index] != SLEEP)
    present = simulation.present()[index]
    return Scene(
        constants=constants,
        title=f"{world.scenario.name}, seed {seed}",
        time_h=float(state.step[index]) * constants.step_h,
        lost_h=None if lost_step < 0 else lost_step * constants.step_h,
        critical=float(service.critical[index]),
        satisfaction=float(service.satisfaction[index]),
        status=status,
        band_bits=np.where(sending, state.band_bits[index], 0),
        radius_m=np.where(sending, state.radius_m[index], 0.0),
        soc=state.soc[index].copy(),
        power_kw=np.where(state.alive[index], service.power_kw[index], 0.0),
        parked=present.sum(axis=-1),
        accepting=(present & state.ev_accepted[index]).sum(axis=-1),
        positions_m=_positions_m(constants, seed, int(state.step[index])),
        server=service.server[index].astype(np.int64),
        satisfied=np.minimum(service.rate_mbps[index] / users.demand_mbps[index], 1.0),
        is_critical=users.service_class[index] < 2,
        past=world.trace(index),
    )


def as_text(scene: Scene) -> str:
    """A line about the network, then one per site."""
    n_sites, n_up = scene.status.size, int(scene.is_up.sum())
    survival = "not lost" if scene.lost_h is None else f"lost at {scene.lost_h:.2f} h"
    head = [
        f"{scene.time_h:.2f} h into the outage ({scene.title})",
        f"survival {survival}",
        f"critical {100 * scene.critical:.1f} %",
        f"service {100 * scene.satisfaction:.1f} %",
        f"{n_up} of {n_sites} sites in operation",
    ]
    served = np.bincount(scene.server[scene.server >= 0], minlength=n_sites)
    band_names = [f"{band.frequency_mhz:g}" for band in scene.constants.scenario.bands]
    wide = max(len("bands (MHz)"), len(" ".join(band_names)))
    lines = [f"{'site':<7}{'mode':<10}{'bands (MHz)':<{wide + 2}}{'battery':<19}{'power':>8}  vehicles       users"]
    for site, status in enumerate(scene.status):
        on = " ".join(name for band, name in enumerate(band_names) if scene.band_bits[site] >> band & 1) or "-"
        vehicles = f"{scene.accepting[site]} of {scene.parked[site]} accept"
        lines.append(
            f"{f'bs_{site}':<7}{STATUS_NAMES[status]:<10}{on:<{wide + 2}}{_bar(scene.soc[site])}"
            f"{scene.power_kw[site]:>6.2f} kW  {vehicles:<15}{served[site]:>5}"
        )
    return "\n".join([" | ".join(head), *lines])


def _bar(share: float) -> str:
    full = round(BAR_LENGTH * share)
    return f"[{'#' * full}{'.' * (BAR_LENGTH - full)}] {100 * share:>3.0f} % "


def _positions_m(constants: BlackoutConstants, seed: int, step: int) -> FloatArray:
    """Where users are, drawn again from the seed; users move at the start of each decision period."""
    start_m = draws.draw_positions(constants, seed)
    speed = constants.scenario.users.speed_m_per_s
    decided_s = (step - constants.steps_per_decision) * constants.scenario.time.physics_step_s
    if speed == 0.0 or decided_s <= 0.0:
        return start_m
    return draws.draw_walk(constants, seed, start_m).positions_at_m(speed * decided_s)
