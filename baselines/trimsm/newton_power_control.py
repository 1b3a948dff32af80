"""Power control by Newton steps on the energy efficiency itself, where SLMDB climbs a chain of lower bounds.

Both end at local maxima of the same problem; this one takes some twenty steps with second derivatives in all.
"""

from voltran.baselines.trimsm.interior_point import interior_point
from voltran.baselines.trimsm.power_program import PowerProgram, efficiency
from voltran.physics.arrays import FloatArray

TOLERANCE = 1e-7


def maximise_directly(program: PowerProgram) -> tuple[FloatArray, int, bool]:
    """Maximise the energy efficiency by an interior point method. Source: [FDRAN] Eq. 27a; the method is ours.

    Returns:
        Scaled powers ``[K]``, never worse than the program's start; Newton steps; whether the tolerance was met.
    """
    x, steps, converged = interior_point(program, None, program.start, TOLERANCE)
    if not efficiency(program, x) >= efficiency(program, program.start):
        return program.start, steps, False
    return x, steps, converged
