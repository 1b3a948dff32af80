"""How hot kernels are compiled: once, cached on disk, with IEEE arithmetic; batch size never changes a result."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

# Numba fills its settings in at run time, so that types do not know them.
SETTINGS: Any = numba.config

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def kernel(function: FunctionT) -> FunctionT:
    """Compile a function of arrays and scalars; divisions by zero give inf or NaN, as in NumPy.

    Source: own.

    Args:
        function: what to compile; it keeps its docstring and types.

    Returns:
        The compiled function.
    """
    # Numba watches only a kernel's own file, and would go on running old code of the kernels that it calls. A cache
    # folder named after the text of all physics makes any change to a formula reach every kernel.
    chosen = SETTINGS.CACHE_DIR
    SETTINGS.CACHE_DIR = str(cache_folder())
    try:
        return cast(FunctionT, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    finally:
        SETTINGS.CACHE_DIR = chosen


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept.

    Source: own.

    Returns:
        A folder that may not exist yet; any change of the physics gives another.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    parent = Path(SETTINGS.CACHE_DIR) if SETTINGS.CACHE_DIR else Path(__file__).parent / "__pycache__"
    return parent / f"kernels-{digest.hexdigest()[:16]}"
