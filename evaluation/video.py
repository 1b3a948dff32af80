"""A video of one episode: a frame at its start and after every decision, as the world draws itself, as MP4 or GIF."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voltran.envs.canvas import gif_of
from voltran.envs.controller import Controller
from voltran.envs.errors import MissingExtraError, ScenarioError, VoltranError
from voltran.envs.files import require_writable, write_atomically
from voltran.envs.world import World

Image = NDArray[np.uint8]

LEAST_FPS, MOST_FPS = 0.1, 50.0  # players show GIFs no faster
MOST_GIF_FRAMES = 1000  # which are held in memory until all are there
# What each format is made with: module, and what to install.
NEEDED = {
    ".gif": ("PIL", "pip install 'voltran[video]'"),
    ".mp4": ("imageio_ffmpeg", "pip install 'voltran[video]', or name a .gif file"),
}


def require_video(path: Path, fps: float) -> None:
    """Raise unless a video can be written, before anything is played for it.

    Args:
        path: of the file; its ending names the format.
        fps: frames per second.

    Raises:
        ScenarioError: an unknown ending, or frames that are too many or too few.
        MissingExtraError: the package that makes the format is not installed.
        VoltranError: the folder does not exist, or cannot be written to.
    """
    if path.suffix.lower() not in NEEDED:
        raise ScenarioError(f"video = {path}: the format is named by the ending; let it end in {' or '.join(NEEDED)}")
    if not LEAST_FPS <= fps <= MOST_FPS:
        raise ScenarioError(f"fps = {fps:g}: give a number from {LEAST_FPS:g} to {MOST_FPS:g}")
    module, remedy = NEEDED[path.suffix.lower()]
    if find_spec(module) is None:
        raise MissingExtraError(f"video = {path}: needs {module}, which is not installed; run: {remedy}")
    if not path.parent.is_dir():
        raise VoltranError(f"video = {path}: there is no folder {path.parent}; make it, or name another")
    require_writable(path)


def require_frames(world: World, path: Path, every: int) -> int:
    """Raise unless a world can be filmed.

    Args:
        world: one that shall be.
        path: of the file.
        every: decisions from one frame to the next.

    Returns:
        How many frames the longest episode has.

    Raises:
        ScenarioError: a world that draws no pictures, no decisions between frames, or more frames than a GIF can hold.
        MissingExtraError: what pictures are drawn with is not installed.
    """
    if every < 1:
        raise ScenarioError(f"every = {every}: give at least 1 decision from one frame to the next")
    if "rgb_array" not in world.render_modes:
        raise ScenarioError(f"{world.name} draws no pictures, so there is nothing to film; give its WORLD a picture")
    world.require_renderable("rgb_array")
    count = 1 + -(-world.max_decisions // every)
    if path.suffix.lower() == ".gif" and count > MOST_GIF_FRAMES:
        least = -(-world.max_decisions // (MOST_GIF_FRAMES - 1))
        raise ScenarioError(
            f"video = {path}: up to {count} frames are more than the {MOST_GIF_FRAMES} that a GIF can have; name an "
            f".mp4 file, or take a frame every {least} decisions or more"
        )
    return count


def frames(world: World, controller: Controller, seed: int, every: int = 1) -> Iterator[Image]:
    """Play an episode and draw it: at its start, after every so many decisions, and at its end.

    Args:
        world: a batch of one; its ``played_by`` is who plays, as the frames say it.
        controller: who plays.
        seed: of the episode.
        every: decisions from one frame to the next.

    Gives:
        Images ``[height, width, 3]`` of one size.
    """
    world.reset([seed])
    controller.reset(world)
    yield world.render("rgb_array")
    done, over = 0, False
    while not over:
        transition = world.step(controller.act(world))
        done, over = done + 1, bool((transition.terminated | transition.truncated)[0])
        if over or done % every == 0:
            yield world.render("rgb_array")


def write_video(path: Path, images: Iterable[Image], fps: float) -> None:
    """Write images as a video; an earlier file of that name is replaced by the whole new one, or stays.

    Args:
        path: of the file, which ends in ``.mp4`` or ``.gif``.
        images: ``[height, width, 3]``, all of one size, at least one.
        fps: frames per second.

    Raises:
        VoltranError: it cannot be made or written.
    """
    make = gif_video if path.suffix.lower() == ".gif" else mp4_video
    write_atomically(path, make(images, fps))


def gif_video(images: Iterable[Image], fps: float) -> bytes:
    """The content of a GIF file; arguments as of :func:`write_video`."""
    return gif_of(images, 1.0 / fps)


def mp4_video(images: Iterable[Image], fps: float) -> bytes:
    """The content of an MP4 file (H.264, which all browsers play); arguments as of :func:`write_video`.

    Raises:
        VoltranError: ffmpeg says that it cannot.
    """
    from imageio_ffmpeg import write_frames

    even = map(_of_even_size, images)
    first = next(even)  # before anything is started, as it may be that there is none
    height, width, _ = first.shape
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "video.mp4"
        faststart = ["-movflags", "+faststart"]  # so that it starts before all of it has come
        writer = write_frames(
            str(file), (width, height), fps=fps, quality=8, macro_block_size=2, output_params=faststart,
            ffmpeg_log_level="error",
        )  # fmt: skip
        try:
            with closing(writer):
                writer.send(None)
                for image in chain([first], even):
                    writer.send(np.ascontiguousarray(image))
            return file.read_bytes()
        except OSError as error:
            raise VoltranError(f"video: ffmpeg failed ({error}); name a .gif file instead") from error


def _of_even_size(image: Image) -> Image:
    """An image with its last row and column twice where H.264, which takes even sizes only, wants them."""
    height, width, _ = image.shape
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
