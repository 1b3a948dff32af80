"""Settings that every test relies on: one thread, no display, reproducible property tests."""

import os

# Before NumPy, torch and matplotlib read them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import settings

# No deadline: the first example may compile a kernel. The same examples in every run: no flakiness.
settings.register_profile("voltran", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("voltran")

# Fixtures that several rooms' tests share.
from tests.evaluation.fixtures import fake_voltran, no_pictures, scenario  # noqa: E402, F401
