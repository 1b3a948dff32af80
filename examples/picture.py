"""Draw the worlds' pictures of the documentation: ``python -m examples.picture``, or with some of their names."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from voltran.envs.base import BatchedWorld
from voltran.envs.canvas import small_png_of
from voltran.evaluation.controller_spec import make_controller
from voltran.evaluation.setting import Setting

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
SEED = 1000
ROLLING = {"grid.schedule": "rolling", "grid.feeders": 8, "grid.turn_h": 1.0, "survival.end": "horizon"}
# Name of a picture to scenario, changes of it, who plays, and after how many decisions the picture is taken.
PICTURES: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "outage-map": ("urban19-medium", {}, "rotating-sleep", 8),
    "outage-lost": ("urban19-heavy", {"survival.end": "horizon"}, "independent", 20),
    "msrc-plan": ("urban19-medium", {}, "msrc", 8),
    "brownout": ("urban19-brownout-medium", ROLLING, "bs=rotating-sleep+retailer=dpa", 32),
    "market": ("market8", {}, "bs=buy-all+retailer=best-response", 72),
    "uplink": ("uplink20", {}, "trimsm-eipc", 40),
    "sharing": ("sharing12", {}, "foresight-milp", 66 * 4),
}

FOLDER.mkdir(parents=True, exist_ok=True)
for name in sys.argv[1:] or PICTURES:
    scenario, overrides, player, decisions = PICTURES[name]
    controller = make_controller(player)
    world = Setting(scenario, overrides, {}).build_world(controller)
    assert isinstance(world, BatchedWorld)
    world.played_by = player
    world.reset([SEED])
    controller.reset(world)
    for _ in range(decisions):
        world.step(controller.act(world))
    as_image = import_module(f"voltran.envs.{world.name.partition('_')[0]}.picture").as_image
    for suffix, dark in (("", False), ("-dark", True)):
        path = FOLDER / f"{name}{suffix}.png"
        path.write_bytes(small_png_of(as_image(world.scene(), dark=dark)))
        print(path)
