"""Types of arrays, by what they hold; docstrings say the shapes."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
ComplexArray: TypeAlias = NDArray[np.complex128]
IntArray: TypeAlias = NDArray[np.int64]
Int16Array: TypeAlias = NDArray[np.int16]
UInt8Array: TypeAlias = NDArray[np.uint8]
BoolArray: TypeAlias = NDArray[np.bool_]
# What NumPy and SciPy count positions in.
IndexArray: TypeAlias = NDArray[np.intp]

# Numbers of any width: kernels compile for the one they are given.
RealArray: TypeAlias = NDArray[np.floating[Any]]
IntegerArray: TypeAlias = NDArray[np.integer[Any]]
