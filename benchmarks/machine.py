"""What the figures were measured on."""

import os
import platform
from pathlib import Path

from voltran.train.versions import versions

SHOWN = ("python", "numpy", "numba", "torch", "voltran", "git_commit")


def machine() -> list[tuple[str, str]]:
    """Name and value of everything that the figures depend on, as it is now."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    cores = f"{os.cpu_count()}; every figure is of one process with one thread"
    found = versions()
    return [
        ("CPU", _cpu_model()),
        ("cores", cores),
        ("load average at the start (1, 5, 15 min)", load),
        ("system", f"{platform.system()} {platform.release()}"),
        *((name, found.get(name) or "not installed") for name in SHOWN),
    ]


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
