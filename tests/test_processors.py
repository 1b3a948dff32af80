"""Commands and recorded episodes do not depend on the processor, though NumPy's functions do in their last bits."""

import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.baselines.noise import Episode, assert_same_commands, controller_of, play
from tests.house import ROOT
from voltran.envs.registry import make_world
from voltran.physics.ordering import SAME

CORE = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
UMATH = f"{CORE}._multiarray_umath"
processor: Any = importlib.import_module(UMATH)
# NumPy has called the level of AVX-512 by different names.
AVX512 = tuple(name for name in processor.__cpu_dispatch__ if name == "X86_V4" or name.startswith("AVX512"))
PRESENT = [name for name in AVX512 if processor.__cpu_features__[name]]
# Scenario, controller, seed and decisions. Where its neighbours went by the last bits of their overlap, the first plan
# of seed 1008 differed.
EPISODES = (
    ("urban19-medium", "msrc-fast", 1008, 1),
    ("urban19-medium", "trimsm", 1000, 1),
    ("urban7-medium", "msrc-fast", 1000, 4),
    ("urban7-medium", "msrc-extended", 1000, 4),
    ("urban7-medium", "rotating-sleep", 1000, 8),
    ("market8", "dpa", 1000, 8),
)

pytestmark = pytest.mark.skipif(not PRESENT, reason="this processor, or this NumPy, has no AVX-512 that could be off")


def episodes() -> list[Episode]:
    """The first decisions of planners."""
    return [
        play(make_world(scenario, 1), controller_of(name), seed, decisions)
        for scenario, name, seed, decisions in EPISODES
    ]


def without_avx512(*arguments: str) -> str:
    """What Python prints where NumPy does without AVX-512."""
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(PRESENT), "PYTHONPATH": str(ROOT)}
    environment.pop("VOLTRAN_RECORD_GOLDEN", None)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_feature_can_be_switched_off() -> None:
    asked = f"from {UMATH} import __cpu_features__ as f; print([f[n] for n in {PRESENT}])"
    assert without_avx512("-c", asked).strip() == str([False] * len(PRESENT))


def test_plans_are_the_same_without_avx512(tmp_path: Path) -> None:
    file = tmp_path / "episodes.pickle"
    without_avx512("-m", "tests.test_processors", str(file))
    for here, there in zip(episodes(), pickle.loads(file.read_bytes()), strict=True):
        assert_same_commands(here, Episode(*there), SAME)


def test_recorded_episodes_are_the_same_without_avx512() -> None:
    """The records were made on one of both kinds of processor; the other is played here, or where the suite runs."""
    assert " passed" in without_avx512("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/golden")


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(pickle.dumps([tuple(episode) for episode in episodes()]))
