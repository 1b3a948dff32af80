"""How hot kernels are compiled: once, cached on disk, with IEEE arithmetic; batch size never changes a result."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def kernel(function: FunctionT) -> FunctionT:
    """Compile a function of arrays and scalars; divisions by zero give inf or NaN, as in NumPy."""
    return cast(FunctionT, njit(cache=True, nogil=True, error_model="numpy")(function))
