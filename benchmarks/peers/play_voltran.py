"""VoltRAN's own Parallel and vector faces, timed exactly as the others."""

import sys

from benchmarks.faces import N_SITES, N_WORLDS, parallel, vector
from benchmarks.peers.clock import measure

if __name__ == "__main__":
    seconds = float(sys.argv[1])
    measure("VoltRAN, urban19-medium, Parallel", N_SITES, "1000", 1, parallel(), seconds)
    measure("VoltRAN, urban19-medium, vector", N_SITES, "1000", N_WORLDS, vector(), seconds)
