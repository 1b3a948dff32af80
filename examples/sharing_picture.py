"""Draw the sharing world's pictures of the documentation: ``python -m examples.sharing_picture``.

``sharing.png`` shows a moment, for light and dark pages; ``sharing.gif`` is the day before it, every two hours.
"""

from pathlib import Path

from voltran.baselines.registry import make as make_controller
from voltran.envs.canvas import gif_of, png_of
from voltran.envs.files import write_atomically
from voltran.envs.registry import make_world
from voltran.envs.sharing.picture import as_image, map_image

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SEED, EVENING, DAY, FRAME_SLOTS, FRAME_S = 1000, 66 * 4, 24 * 4, 8, 0.8


def main() -> None:
    """Play plans until the third evening, and the day before it frame by frame."""
    world, controller = make_world("sharing12", 1), make_controller("foresight-milp")
    world.reset([SEED])
    controller.reset(world)
    frames = []
    for slot in range(EVENING):
        world.step(controller.act(world))
        if slot >= EVENING - DAY and (EVENING - 1 - slot) % FRAME_SLOTS == 0:
            frames.append(map_image(world.scene(0)))
    scene = world.scene(0)
    write_atomically(IMAGES / "sharing.png", png_of(as_image(scene)))
    write_atomically(IMAGES / "sharing-dark.png", png_of(as_image(scene, dark=True)))
    write_atomically(IMAGES / "sharing.gif", gif_of(frames, FRAME_S))


if __name__ == "__main__":
    main()
