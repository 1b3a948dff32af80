"""pyarrow, which the extra ``datasets`` brings; loaded when a data set is written or read."""

from typing import Any

from packaging.version import Version

from voltran.envs.errors import MissingExtraError

LOWEST = "16.1"  # the first that works with NumPy 2
INSTALL = "run: pip install 'voltran[datasets]'"


def arrow() -> Any:
    """The module ``pyarrow``.

    Raises:
        MissingExtraError: it is not installed, or too old.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError(f"data sets need pyarrow, which is not installed; {INSTALL}") from error
    if Version(pyarrow.__version__) < Version(LOWEST):
        raise MissingExtraError(f"data sets need pyarrow {LOWEST} or newer, found {pyarrow.__version__}; {INSTALL}")
    return pyarrow


def parquet() -> Any:
    """The module ``pyarrow.parquet``; see :func:`arrow`."""
    arrow()
    import pyarrow.parquet

    return pyarrow.parquet
