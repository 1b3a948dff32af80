"""Benchmarks: ``python -m benchmarks`` measures everything in one run and writes docs/performance.md."""

import os

# One thread, so that figures are per core; the libraries read these when they are loaded, which is later than this.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
