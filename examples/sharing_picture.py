"""Draw a day of the sharing world, every three hours, for the documentation: ``python -m examples.sharing_picture``."""

from pathlib import Path

from voltran.baselines.registry import make as make_controller
from voltran.envs.canvas import gif_of
from voltran.envs.files import write_atomically
from voltran.envs.registry import make_world
from voltran.envs.sharing.picture import map_image
from voltran.envs.sharing.world import SharingWorld

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SEED, EVENING, DAY, FRAME_SLOTS, FRAME_S, COLOURS = 1000, 66 * 4, 24 * 4, 12, 0.8, 32


def main() -> None:
    """Play plans until the third evening, and draw the day before it frame by frame."""
    world, controller = make_world("sharing12", 1), make_controller("foresight-milp")
    assert isinstance(world, SharingWorld)
    world.played_by = "foresight-milp"
    world.reset([SEED])
    controller.reset(world)
    frames = []
    for slot in range(EVENING):
        world.step(controller.act(world))
        if slot >= EVENING - DAY and (EVENING - 1 - slot) % FRAME_SLOTS == 0:
            frames.append(map_image(world.scene(0)))
    write_atomically(IMAGES / "sharing.gif", gif_of(frames, FRAME_S, COLOURS))


if __name__ == "__main__":
    main()
