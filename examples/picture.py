"""Draw the maps of the documentation: rotating sleep and a plan of MSRC, two hours into an outage at medium load."""

from pathlib import Path

from voltran.baselines import make
from voltran.envs.blackout.picture import as_png
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.registry import make_world

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
SEED, HOURS = 1000, 2.0
PICTURES = {"outage-map": "rotating-sleep", "msrc-plan": "msrc"}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, player in PICTURES.items():
    world = make_world("urban19-medium")
    assert isinstance(world, BlackoutWorld)
    controller = make(player)
    world.reset([SEED])
    controller.reset(world)
    while world.decision[0] * world.constants.decision_h < HOURS:
        world.step(controller.act(world))
    scene = world.scene()
    for suffix, dark in (("", False), ("-dark", True)):
        path = FOLDER / f"{name}{suffix}.png"
        path.write_bytes(as_png(scene, dark=dark))
        print(path)
