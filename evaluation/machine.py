"""The machine that computes: its processor, and a digest of the elementary functions as it computes them.

NumPy, the C library and Numba compute exp, log and their kin in ways that depend on the processor, and differ in the
last bits. Machines with the same digest play the same episodes to the last digit, as far as these functions decide.
"""

import hashlib
import math
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from voltran.physics.arrays import RealArray
from voltran.physics.compiled import kernel

N_ARGUMENTS = 4096
STRIDE = 2531  # prime to the number of arguments, so that the order mixes small and large ones
HALF_RANGE = 16.0

POSITIVE: tuple[Callable[..., Any], ...] = (np.log, np.log2, np.log10, np.log1p, np.sqrt, np.cbrt)
ANY: tuple[Callable[..., Any], ...] = (np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan, np.tanh, np.arctan)
UNIT: tuple[Callable[..., Any], ...] = (np.arccos, np.arcsin)
C_POSITIVE = (math.log, math.log2, math.log10, math.log1p, math.sqrt, math.lgamma)
C_ANY = (math.exp, math.expm1, math.sin, math.cos, math.tan, math.tanh, math.atan, math.erf)
C_UNIT = (math.acos, math.asin)


def processor() -> str:
    """Name of the processor as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def system() -> str:
    """Operating system, its release, the architecture and the C library."""
    library = " ".join(platform.libc_ver()).strip()
    return " ".join(part for part in (platform.system(), platform.release(), platform.machine(), library) if part)


def instruction_level() -> str:
    """Sets of instructions that NumPy was built for and those it has found besides, such as ``X86_V2 X86_V3``."""
    config: Any = np.show_config(mode="dicts")
    extensions = config.get("SIMD Extensions", {})
    return " ".join([*extensions.get("baseline", ()), *extensions.get("found", ())]) or platform.machine()


@cache
def elementary_functions() -> str:
    """Beginning of a digest of elementary functions of NumPy, the C library and Numba on fixed arguments."""
    unit = (np.arange(N_ARGUMENTS) * STRIDE % N_ARGUMENTS + 0.5) / N_ARGUMENTS  # exact: a power of two divides
    signed = 2.0 * HALF_RANGE * (unit - 0.5)
    digest = hashlib.sha256()
    for dtype in (np.float64, np.float32):
        for values in _of_numpy(unit.astype(dtype), signed.astype(dtype)):
            digest.update(np.ascontiguousarray(values).tobytes())
    digest.update(_of_the_c_library(unit.tolist(), signed.tolist()).tobytes())
    digest.update(_of_numba(unit, signed).tobytes())
    return digest.hexdigest()[:16]


def _of_numpy(unit: RealArray, signed: RealArray) -> list[RealArray]:
    positive = HALF_RANGE * unit
    values = [function(positive) for function in POSITIVE]
    values += [function(signed) for function in ANY]
    values += [function(unit) for function in UNIT]
    values += [np.power(positive, signed / HALF_RANGE), np.arctan2(signed, unit), np.hypot(signed, unit)]
    # what lies apart in memory may go another way
    return [*values, *(function(positive[::3]) for function in POSITIVE), *(function(signed[::3]) for function in ANY)]


def _of_the_c_library(unit: list[float], signed: list[float]) -> RealArray:
    values = [function(HALF_RANGE * value) for function in C_POSITIVE for value in unit]
    values += [function(value) for function in C_ANY for value in signed]
    values += [function(value) for function in C_UNIT for value in unit]
    pairs = list(zip(unit, signed, strict=True))
    values += [function(value, other) for function in (math.pow, math.atan2, math.hypot) for value, other in pairs]
    return np.array(values)


@kernel
def _of_numba(unit: Any, signed: Any) -> Any:
    values = np.empty((10, unit.size))
    for index in range(unit.size):
        value, other = unit[index], signed[index]
        values[0, index] = math.exp(other)
        values[1, index] = math.log(16.0 * value)
        values[2, index] = math.log10(16.0 * value)
        values[3, index] = math.log1p(value)
        values[4, index] = math.expm1(other)
        values[5, index] = math.acos(value)
        values[6, index] = math.atan2(other, value)
        values[7, index] = math.sin(other)
        values[8, index] = math.cos(other)
        values[9, index] = (16.0 * value) ** (other / 16.0)
    return values
