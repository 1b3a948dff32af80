"""How far sites reach, by cooperation mode and bands."""

import numpy as np

from voltran.physics.arrays import FloatArray
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP


def effective_radii_m(band_radius_m: FloatArray) -> FloatArray:
    """Effective radius of a site from the radii of its bands.

    A site in normal operation reaches as far as its farthest band that is on; a helping one as far as its farthest
    band, which it keeps on; an assisted one as far as the least far band that is on.

    Source: [MSRC] Eq. 5. Reconstructed: the least far band of assisted sites is that among bands that are on, as those
    that [MSRC] Eq. 25 switches off say nothing of who can be served.

    Args:
        band_radius_m: ``[band]`` R^nom of the bands, metres.

    Returns:
        ``[mode, set]`` metres, by the bit set of the bands that are on; zero where none is, and asleep.
    """
    n_bands = band_radius_m.shape[0]
    is_on = (np.arange(1 << n_bands)[:, None] >> np.arange(n_bands) & 1) == 1
    radii_m = np.zeros((SLEEP + 1, 1 << n_bands))
    radii_m[NORMAL] = np.where(is_on, band_radius_m, 0.0).max(axis=1)
    radii_m[HELPING, 1:] = band_radius_m.max()
    radii_m[ASSISTED, 1:] = np.where(is_on, band_radius_m, np.inf).min(axis=1)[1:]
    return radii_m
