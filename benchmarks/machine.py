"""What the figures were measured on."""

import os
import platform

from voltran.evaluation.machine import processor
from voltran.evaluation.versions import versions

SHOWN = ("python", "numpy", "numba", "torch", "voltran", "git_commit")


def machine() -> list[tuple[str, str]]:
    """Name and value of everything that the figures depend on, as it is now."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    cores = f"{os.cpu_count()}; every figure is of one process with one thread"
    found = versions()
    return [
        ("CPU", processor()),
        ("cores", cores),
        ("load average at the start (1, 5, 15 min)", load),
        ("system", f"{platform.system()} {platform.release()}"),
        *((name, found.get(name) or "not installed") for name in SHOWN),
    ]
