"""The sheet that worlds are drawn on: always of one size, and the same bits whatever Matplotlib is set to."""

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import MissingExtraError

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Figure = Any

SIZE_IN = (8.6, 5.0)
DPI = 150
FEW_COLOURS = 128


def painted(
    paint: Callable[[Figure], None],
    background: str,
    settings: Mapping[str, Any],
    size_in: tuple[float, float] = SIZE_IN,
) -> NDArray[np.uint8]:
    """An image ``[height, width, 3]``.

    Args:
        paint: draws on the empty figure.
        background: colour of the figure.
        settings: of Matplotlib, beside its defaults.
        size_in: width and height.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    try:
        from matplotlib import style
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as NewFigure
    except ImportError as error:
        raise MissingExtraError("pictures need Matplotlib; install it with: pip install 'voltran[train]'") from error
    chosen: Any = {"font.family": ["DejaVu Sans"], "text.parse_math": False, **settings}  # names may have a $
    with style.context(["default", chosen]):
        figure = NewFigure(figsize=size_in, dpi=DPI, facecolor=background)
        canvas: Any = FigureCanvasAgg(figure)
        paint(figure)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def png_of(image: NDArray[np.uint8]) -> bytes:
    """A PNG file of an image ``[height, width, 3]``; the same image gives the same bytes."""
    from matplotlib.image import imsave

    stream = io.BytesIO()
    imsave(stream, image, format="png", metadata={"Software": "VoltRAN"})  # not Matplotlib's version
    return stream.getvalue()


def small_png_of(image: NDArray[np.uint8]) -> bytes:
    """A PNG file of an image ``[height, width, 3]`` in few colours, a third as large, as pages want it."""
    stream = io.BytesIO()
    in_few_colours(image).save(stream, format="png", optimize=True)
    return stream.getvalue()


def in_few_colours(image: NDArray[np.uint8], colours: int = FEW_COLOURS) -> Any:
    """An image ``[height, width, 3]`` in so many colours at most, as Pillow has it; rare ones are among them."""
    from PIL import Image  # comes with Matplotlib

    # Pillow's usual way gives colours by how much of them there is, and none to a red cross.
    return Image.fromarray(image).quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def gif_of(images: Iterable[NDArray[np.uint8]], frame_s: float, colours: int = FEW_COLOURS) -> bytes:
    """An animated GIF file of images ``[height, width, 3]`` of one size, that begins again when it is over.

    Args:
        images: the frames, at least one.
        frame_s: how long each is shown.
        colours: how many a frame has at most; few make small files.
    """
    frames = (in_few_colours(image, colours) for image in images)
    stream = io.BytesIO()
    next(frames).save(
        stream,
        format="gif",
        save_all=True,
        append_images=frames,
        duration=round(1000 * frame_s),
        loop=0,
        optimize=True,
    )
    return stream.getvalue()
