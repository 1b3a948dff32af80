"""Types of arrays, once for everybody; shapes stand where the arrays are described."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
IndexArray = NDArray[np.int16]  # of sites and users: small, because there are many of them
ComplexArray = NDArray[np.complex128]
