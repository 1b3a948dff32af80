"""Draw the brownout of the documentation: sites take turns at sleeping, retailers ask the prices of the optimum."""

from pathlib import Path

from voltran.baselines import make
from voltran.envs.brownout.picture import as_image
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.canvas import png_of
from voltran.envs.registry import make_world
from voltran.envs.team import Team

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
SEED, HOURS = 1000, 8.0
ROLLING = {"grid.schedule": "rolling", "grid.feeders": 8, "grid.turn_h": 1.0, "survival.end": "horizon"}

world = make_world("urban19-brownout-medium", overrides=ROLLING)
assert isinstance(world, BrownoutWorld)
team = Team({"bs": make("rotating-sleep"), "retailer": make("dpa")})
world.reset([SEED])
team.reset(world)
while world.decision[0] * world.constants.decision_h < HOURS:
    world.step(team.act(world))
for suffix, dark in (("", False), ("-dark", True)):
    path = FOLDER / f"brownout{suffix}.png"
    path.write_bytes(png_of(as_image(world.scene(), dark=dark)))
    print(path)
